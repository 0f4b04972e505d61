"""Seeds core's vocabularies, in English and German."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "5f3c1c7d2a10"
down_revision = "aee8fe79b419"
branch_labels = None
depends_on = None

WORDS = {
    "fitness_levels": [
        ("beginner", "Beginner", "Einsteiger"),
        ("intermediate", "Intermediate", "Fortgeschritten"),
        ("advanced", "Advanced", "Sehr fortgeschritten"),
    ],
    "role_codes": [
        ("admin", "Administrator", "Administrator"),
        ("team", "Team", "Team"),
        ("coach", "Coach", "Trainer"),
        ("client", "Client", "Kunde"),
        ("partner", "Partner", "Partner"),
    ],
    "training_frequencies": [
        ("none", "Not training at present", "Trainiert zurzeit nicht"),
        ("monthly", "About once a month", "Etwa einmal im Monat"),
        ("weekly", "Once or more a week", "Einmal oder öfter pro Woche"),
        ("daily", "Every day", "Täglich"),
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
