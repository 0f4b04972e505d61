"""Outside services that gyms set up for themselves; what seals names its key itself.

``person_keys.key_id`` goes, because every sealed value now carries the id of its
master key. The downgrade brings the column back empty, and no key of a person can be
read by the version before until an upgrade.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d01b7e4c19a1"
down_revision = "c4a1f07e93d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "integrations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column(
            "secret_names", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("last_tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_test_ok", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_integrations")),
        sa.UniqueConstraint(
            "tenant_id", "name", name=op.f("uq_integrations__tenant_id_name")
        ),
    )
    op.protect_tenant_table("integrations")
    op.drop_column("person_keys", "key_id")


def downgrade() -> None:
    op.add_column("person_keys", sa.Column("key_id", sa.Text(), nullable=True))
    op.unprotect_tenant_table("integrations")
    op.drop_table("integrations")
