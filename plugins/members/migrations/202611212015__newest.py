"""Clients in the order in which they came, which is how they are listed."""

from alembic import op

revision = "c3a1f0d27e91"
down_revision = "9b7d21e04c55"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_members_clients__created_at",
        "members_clients",
        ["tenant_id", "created_at", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_members_clients__created_at", "members_clients")
