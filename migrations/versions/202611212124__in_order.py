"""Files in the order in which they came, and deliveries likewise in each status."""

from alembic import op

revision = "7e20c5b91d36"
down_revision = "d06b7e4c19a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_files__created_at", "files", ["tenant_id", "created_at", "id"])
    op.create_index(
        "ix_notification_deliveries__status",
        "notification_deliveries",
        ["tenant_id", "status", "created_at", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_notification_deliveries__status", "notification_deliveries")
    op.drop_index("ix_files__created_at", "files")
