"""Gifts and achievements in the order in which they are listed, to the last row."""

from alembic import op

revision = "4d96e0a7b3f8"
down_revision = "c8a136f8ca39"
branch_labels = None
depends_on = None

_ACHIEVED = "ix_milestones_achievements__achieved"


def upgrade() -> None:
    op.create_index(
        "ix_milestones_gifts__created_at",
        "milestones_gifts",
        ["tenant_id", "created_at", "id"],
    )
    op.drop_index(_ACHIEVED, "milestones_achievements")
    op.create_index(
        _ACHIEVED, "milestones_achievements", ["tenant_id", "achieved_at", "id"]
    )


def downgrade() -> None:
    op.drop_index(_ACHIEVED, "milestones_achievements")
    op.create_index(_ACHIEVED, "milestones_achievements", ["tenant_id", "achieved_at"])
    op.drop_index("ix_milestones_gifts__created_at", "milestones_gifts")
