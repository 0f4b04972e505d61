"""Passes in the order in which they are listed, those made at one moment by id."""

from alembic import op

revision = "e51b7f28d09c"
down_revision = "59d71d75f42c"
branch_labels = None
depends_on = None

_CREATED = "ix_passes_passes__created_at"


def upgrade() -> None:
    op.drop_index(_CREATED, "passes_passes")
    op.create_index(_CREATED, "passes_passes", ["tenant_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_index(_CREATED, "passes_passes")
    op.create_index(_CREATED, "passes_passes", ["tenant_id", "created_at"])
