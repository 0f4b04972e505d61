"""The lockers, and who had them when."""

import sqlalchemy as sa
from alembic import op

revision = "6d41c0a9e2b7"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lockers_units",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_lockers_units")),
        sa.UniqueConstraint(
            "tenant_id", "number", name=op.f("uq_lockers_units__tenant_id_number")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "lockers_rentals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("locker_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("lent_by", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deposit", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Integer(), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("deposit >= 0", name=op.f("ck_lockers_rentals__deposit")),
        sa.CheckConstraint(
            "refunded BETWEEN 0 AND deposit", name=op.f("ck_lockers_rentals__refunded")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "locker_id"],
            ["lockers_units.tenant_id", "lockers_units.id"],
            name=op.f("fk_lockers_rentals__tenant_id_locker_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_lockers_rentals")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "uq_lockers_rentals__open",
        "lockers_rentals",
        ["tenant_id", "locker_id"],
        unique=True,
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index(
        "ix_lockers_rentals__client", "lockers_rentals", ["tenant_id", "client_id"]
    )
    op.protect_tenant_table("lockers_units")
    op.protect_tenant_table("lockers_rentals")


def downgrade() -> None:
    op.unprotect_tenant_table("lockers_rentals")
    op.unprotect_tenant_table("lockers_units")
    op.drop_table("lockers_rentals")
    op.drop_table("lockers_units")
