"""Rules of reminders that a gym changed or added."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d06b7e4c19a6"
down_revision = "d05b7e4c19a5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification_rules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minutes_before", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "channels",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "minutes_before BETWEEN 5 AND 86400",
            name=op.f("ck_notification_rules__minutes_before"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notification_rules")),
        sa.UniqueConstraint(
            "tenant_id",
            "kind",
            "minutes_before",
            name=op.f("uq_notification_rules__tenant_id_kind_minutes_before"),
        ),
        info={"tenancy": "tenant"},
    )
    op.protect_tenant_table("notification_rules")


def downgrade() -> None:
    op.unprotect_tenant_table("notification_rules")
    op.drop_table("notification_rules")
