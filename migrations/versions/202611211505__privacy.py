"""Requests to export and erase people, and what an erased account is known by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d05b7e4c19a5"
down_revision = "d04b7e4c19a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacy_requests",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('export', 'erase')", name=op.f("ck_privacy_requests__kind")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'done', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_privacy_requests__status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_privacy_requests__tenant_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_privacy_requests")),
    )
    op.create_index(
        "ix_privacy_requests__created_at",
        "privacy_requests",
        ["tenant_id", "created_at", "id"],
    )
    op.create_index(
        "ix_privacy_requests__person_id", "privacy_requests", ["tenant_id", "person_id"]
    )
    op.create_index(
        "uq_privacy_requests__open",
        "privacy_requests",
        ["tenant_id", "person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.protect_tenant_table("privacy_requests")
    op.add_column(
        "users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_audit_entries__person_id", "audit_entries", ["tenant_id", "person_id", "id"]
    )


def downgrade() -> None:
    """Forgets who asked for what, and which empty accounts were people once."""
    op.drop_index("ix_audit_entries__person_id", table_name="audit_entries")
    op.drop_column("users", "erased_at")
    op.unprotect_tenant_table("privacy_requests")
    op.drop_table("privacy_requests")
