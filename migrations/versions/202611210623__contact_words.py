"""Seeds the types of contacts, in English and German."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c4a1f07e93d2"
down_revision = "e757fe8c2f81"
branch_labels = None
depends_on = None

TYPES = [
    ("email", "E-mail", "E-Mail"),
    ("phone", "Phone", "Telefon"),
]


def upgrade() -> None:
    op.bulk_insert(
        sa.table(
            "contact_types",
            sa.column("code", sa.Text),
            sa.column("descriptions", JSONB),
            sa.column("position", sa.Integer),
        ),
        [
            {
                "code": code,
                "descriptions": {"en": english, "de": german},
                "position": position,
            }
            for position, (code, english, german) in enumerate(TYPES, start=1)
        ],
    )


def downgrade() -> None:
    op.execute(sa.table("contact_types").delete())
