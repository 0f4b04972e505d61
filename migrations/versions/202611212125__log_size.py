"""Seals tell how many entries stand up to them; old ones leave it open."""

import sqlalchemy as sa
from alembic import op

revision = "b8f13a6ce402"
down_revision = "7e20c5b91d36"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Open in old seals: the next seal of a gym counts what is before it, once.
    op.add_column(
        "audit_seals", sa.Column("cumulative", sa.BigInteger(), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("audit_seals", "cumulative")
