"""Seeds the vocabulary of genders, in English and German."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "9b7d21e04c55"
down_revision = "f91fd06be5dd"
branch_labels = None
depends_on = None

WORDS = {
    "members_genders": [
        ("female", "Female", "Weiblich"),
        ("male", "Male", "Männlich"),
        ("diverse", "Diverse", "Divers"),
        ("undisclosed", "Prefer not to say", "Keine Angabe"),
    ],
}


def upgrade() -> None:
    for table, words in WORDS.items():
        op.bulk_insert(
            sa.table(
                table,
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
                for position, (code, english, german) in enumerate(words, start=1)
            ],
        )


def downgrade() -> None:
    for table in WORDS:
        op.execute(sa.table(table).delete())
