"""Makes the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c8a136f8ca39"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "milestones_definitions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("repeat_every", sa.Integer(), nullable=True),
        sa.Column("window_days", sa.Integer(), nullable=True),
        sa.Column("counts_from", sa.Date(), nullable=True),
        sa.Column("counts_until", sa.Date(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gift_kind", sa.Text(), nullable=False),
        sa.Column("gift_text", sa.Text(), nullable=True),
        sa.Column("gift_uses", sa.Integer(), nullable=True),
        sa.Column("gift_expires_in_days", sa.Integer(), nullable=True),
        sa.Column(
            "gift_channels", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(gift_kind = 'pass') = (gift_uses IS NOT NULL) AND (gift_uses IS NULL) = (gift_expires_in_days IS NULL)",
            name=op.f("ck_milestones_definitions__pass_terms"),
        ),
        sa.CheckConstraint(
            "gift_kind IN ('message', 'pass', 'none')",
            name=op.f("ck_milestones_definitions__gift_kind"),
        ),
        sa.CheckConstraint(
            "kind IN ('count', 'streak')", name=op.f("ck_milestones_definitions__kind")
        ),
        sa.CheckConstraint(
            "repeat_every > 0", name=op.f("ck_milestones_definitions__repeat_every")
        ),
        sa.CheckConstraint(
            "threshold > 0", name=op.f("ck_milestones_definitions__threshold")
        ),
        sa.CheckConstraint(
            "window_days > 0", name=op.f("ck_milestones_definitions__window_days")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_milestones_definitions")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "milestones_achievements",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("achieved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "occurrence > 0", name=op.f("ck_milestones_achievements__occurrence")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_milestones_achievements__tenant_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "definition_id"],
            ["milestones_definitions.tenant_id", "milestones_definitions.id"],
            name=op.f("fk_milestones_achievements__tenant_id_definition_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_milestones_achievements")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "client_id",
            "definition_id",
            "occurrence",
            name=op.f("uq_milestones_achievements__occurrence"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_milestones_achievements__achieved",
        "milestones_achievements",
        ["tenant_id", "achieved_at"],
        unique=False,
    )
    op.create_index(
        "ix_milestones_achievements__definition",
        "milestones_achievements",
        ["tenant_id", "definition_id"],
        unique=False,
    )
    op.create_table(
        "milestones_counts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_milestones_counts__amount")),
        sa.CheckConstraint("version > 0", name=op.f("ck_milestones_counts__version")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_milestones_counts__tenant_id_client_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_milestones_counts")),
        sa.UniqueConstraint(
            "tenant_id",
            "counter",
            "source_id",
            "version",
            name=op.f("uq_milestones_counts__source"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_milestones_counts__client",
        "milestones_counts",
        ["tenant_id", "client_id", "counter"],
        unique=False,
    )
    op.create_table(
        "milestones_gifts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("pass_id", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("gift_kind", sa.Text(), nullable=False),
        sa.Column("gift_text", sa.Text(), nullable=True),
        sa.Column("gift_uses", sa.Integer(), nullable=True),
        sa.Column("gift_expires_in_days", sa.Integer(), nullable=True),
        sa.Column(
            "gift_channels", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(gift_kind = 'pass') = (gift_uses IS NOT NULL) AND (gift_uses IS NULL) = (gift_expires_in_days IS NULL)",
            name=op.f("ck_milestones_gifts__pass_terms"),
        ),
        sa.CheckConstraint(
            "gift_kind IN ('message', 'pass', 'none')",
            name=op.f("ck_milestones_gifts__gift_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'sent', 'failed', 'canceled')",
            name=op.f("ck_milestones_gifts__status"),
        ),
        sa.CheckConstraint(
            "occurrence > 0", name=op.f("ck_milestones_gifts__occurrence")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_milestones_gifts__tenant_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "definition_id"],
            ["milestones_definitions.tenant_id", "milestones_definitions.id"],
            name=op.f("fk_milestones_gifts__tenant_id_definition_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_milestones_gifts")),
        sa.UniqueConstraint(
            "tenant_id",
            "client_id",
            "definition_id",
            "occurrence",
            name=op.f("uq_milestones_gifts__occurrence"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_milestones_gifts__definition",
        "milestones_gifts",
        ["tenant_id", "definition_id"],
        unique=False,
    )
    op.create_index(
        "ix_milestones_gifts__status",
        "milestones_gifts",
        ["tenant_id", "status", "created_at"],
        unique=False,
    )
    op.protect_tenant_table("milestones_definitions")
    op.protect_tenant_table("milestones_achievements")
    op.protect_tenant_table("milestones_counts")
    op.protect_tenant_table("milestones_gifts")


def downgrade() -> None:
    op.unprotect_tenant_table("milestones_gifts")
    op.unprotect_tenant_table("milestones_counts")
    op.unprotect_tenant_table("milestones_achievements")
    op.unprotect_tenant_table("milestones_definitions")
    op.drop_index("ix_milestones_gifts__status", table_name="milestones_gifts")
    op.drop_index("ix_milestones_gifts__definition", table_name="milestones_gifts")
    op.drop_table("milestones_gifts")
    op.drop_index("ix_milestones_counts__client", table_name="milestones_counts")
    op.drop_table("milestones_counts")
    op.drop_index(
        "ix_milestones_achievements__definition", table_name="milestones_achievements"
    )
    op.drop_index(
        "ix_milestones_achievements__achieved", table_name="milestones_achievements"
    )
    op.drop_table("milestones_achievements")
    op.drop_table("milestones_definitions")
