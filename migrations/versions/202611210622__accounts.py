"""Accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e757fe8c2f81"
down_revision = "6918a0c75182"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_attempts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shut_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_auth_attempts")),
        sa.UniqueConstraint(
            "tenant_id", "subject", name=op.f("uq_auth_attempts__tenant_id_subject")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_auth_attempts__last_at",
        "auth_attempts",
        ["tenant_id", "last_at"],
        unique=False,
    )
    op.create_table(
        "auth_requests",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('register', 'resend', 'forgot')",
            name=op.f("ck_auth_requests__kind"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_auth_requests")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_auth_requests__created_at",
        "auth_requests",
        ["tenant_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "contact_types",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "descriptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_contact_types")),
    )
    op.create_table(
        "user_contacts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column(
            "value_key",
            sa.Text(collation="C"),
            sa.Computed('lower(value COLLATE "C")', persisted=True),
            nullable=False,
        ),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("is_recovery", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_user_contacts__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["type"], ["contact_types.code"], name=op.f("fk_user_contacts__type")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_user_contacts")),
        sa.UniqueConstraint(
            "tenant_id",
            "user_id",
            "type",
            "value_key",
            name=op.f("uq_user_contacts__tenant_id_user_id_type_value_key"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "uq_user_contacts__primary",
        "user_contacts",
        ["tenant_id", "user_id", "type"],
        unique=True,
        postgresql_where=sa.text("is_primary"),
    )
    op.create_index(
        "uq_user_contacts__primary_email",
        "user_contacts",
        ["tenant_id", "value_key"],
        unique=True,
        postgresql_where=sa.text("is_primary AND type = 'email'"),
    )
    op.create_table(
        "auth_links",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('verify', 'reset', 'invite', 'contact', 'notice')",
            name=op.f("ck_auth_links__purpose"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["user_contacts.tenant_id", "user_contacts.id"],
            name=op.f("fk_auth_links__tenant_id_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_auth_links__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_auth_links")),
        sa.UniqueConstraint(
            "tenant_id", "token_hash", name=op.f("uq_auth_links__tenant_id_token_hash")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_auth_links__contact_id",
        "auth_links",
        ["tenant_id", "contact_id"],
        unique=False,
    )
    op.create_index(
        "ix_auth_links__user_id",
        "auth_links",
        ["tenant_id", "user_id", "purpose"],
        unique=False,
    )
    op.protect_tenant_table("auth_attempts")
    op.protect_tenant_table("auth_requests")
    op.grant_shared_table("contact_types")
    op.protect_tenant_table("user_contacts")
    op.protect_tenant_table("auth_links")


def downgrade() -> None:
    op.unprotect_tenant_table("auth_links")
    op.unprotect_tenant_table("user_contacts")
    op.revoke_shared_table("contact_types")
    op.unprotect_tenant_table("auth_requests")
    op.unprotect_tenant_table("auth_attempts")
    op.drop_index("ix_auth_links__user_id", table_name="auth_links")
    op.drop_index("ix_auth_links__contact_id", table_name="auth_links")
    op.drop_table("auth_links")
    op.drop_index(
        "uq_user_contacts__primary_email",
        table_name="user_contacts",
        postgresql_where=sa.text("is_primary AND type = 'email'"),
    )
    op.drop_index(
        "uq_user_contacts__primary",
        table_name="user_contacts",
        postgresql_where=sa.text("is_primary"),
    )
    op.drop_table("user_contacts")
    op.drop_table("contact_types")
    op.drop_index("ix_auth_requests__created_at", table_name="auth_requests")
    op.drop_table("auth_requests")
    op.drop_index("ix_auth_attempts__last_at", table_name="auth_attempts")
    op.drop_table("auth_attempts")
