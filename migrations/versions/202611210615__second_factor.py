"""Second factor."""

import sqlalchemy as sa
from alembic import op

revision = "6918a0c75182"
down_revision = "d2f52bb35dd4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_recovery_codes__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint(
            "tenant_id",
            "user_id",
            "digest",
            name=op.f("uq_recovery_codes__tenant_id_user_id_digest"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "totp_factors",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_totp_factors__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_totp_factors")),
        sa.UniqueConstraint(
            "tenant_id", "user_id", name=op.f("uq_totp_factors__tenant_id_user_id")
        ),
        info={"tenancy": "tenant"},
    )
    op.protect_tenant_table("recovery_codes")
    op.protect_tenant_table("totp_factors")


def downgrade() -> None:
    op.unprotect_tenant_table("totp_factors")
    op.unprotect_tenant_table("recovery_codes")
    op.drop_table("totp_factors")
    op.drop_table("recovery_codes")
