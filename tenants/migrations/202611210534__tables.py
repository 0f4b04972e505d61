"""Makes the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8cdf8ddf28f3"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tenants_gyms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("branding", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "cors_origins", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9](-?[a-z0-9])*$'", name=op.f("ck_tenants_gyms__slug")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'closed')",
            name=op.f("ck_tenants_gyms__status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_gyms")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_gyms__slug")),
    )
    op.create_table(
        "tenants_settings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tenants_settings")),
        sa.UniqueConstraint(
            "tenant_id", "key", name=op.f("uq_tenants_settings__tenant_id_key")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "tenants_toggles",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin_id", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tenants_toggles")),
        sa.UniqueConstraint(
            "tenant_id",
            "plugin_id",
            name=op.f("uq_tenants_toggles__tenant_id_plugin_id"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "tenants_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("gym_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gym_id"], ["tenants_gyms.id"], name=op.f("fk_tenants_domains__gym_id")
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_tenants_domains")),
    )
    op.create_index(
        op.f("ix_tenants_domains__gym_id"), "tenants_domains", ["gym_id"], unique=False
    )
    op.grant_shared_table("tenants_gyms")
    op.protect_tenant_table("tenants_settings")
    op.protect_tenant_table("tenants_toggles")
    op.grant_shared_table("tenants_domains")


def downgrade() -> None:
    op.revoke_shared_table("tenants_domains")
    op.unprotect_tenant_table("tenants_toggles")
    op.unprotect_tenant_table("tenants_settings")
    op.revoke_shared_table("tenants_gyms")
    op.drop_index(op.f("ix_tenants_domains__gym_id"), table_name="tenants_domains")
    op.drop_table("tenants_domains")
    op.drop_table("tenants_toggles")
    op.drop_table("tenants_settings")
    op.drop_table("tenants_gyms")
