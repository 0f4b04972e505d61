"""Makes the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "aee8fe79b419"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What the overlap guards of plugins stand on; needs no extension.
    op.execute("CREATE TYPE uuidrange AS RANGE (subtype = uuid)")
    op.create_table(
        "access_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_access_versions")),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "audit_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.Text(), nullable=True),
        sa.Column(
            "before",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column(
            "after",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_entries")),
        info={"append_only": True, "tenancy": "tenant"},
    )
    op.create_index(
        "ix_audit_entries__at", "audit_entries", ["tenant_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_audit_entries__entity",
        "audit_entries",
        ["tenant_id", "entity", "entity_id", "at"],
        unique=False,
    )
    op.create_index(
        "ix_audit_entries__user_id",
        "audit_entries",
        ["tenant_id", "user_id", "at"],
        unique=False,
    )
    op.create_table(
        "client_grants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_client_grants")),
        sa.UniqueConstraint(
            "tenant_id",
            "user_id",
            "client_id",
            "source",
            name=op.f("uq_client_grants__tenant_id_user_id_client_id_source"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_client_grants__client_id",
        "client_grants",
        ["tenant_id", "client_id"],
        unique=False,
    )
    op.create_table(
        "fitness_levels",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "descriptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fitness_levels")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint(
            "tenant_id", "scope", name=op.f("uq_idempotency_keys__tenant_id_scope")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        op.f("ix_idempotency_keys__created_at"),
        "idempotency_keys",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "role_codes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "descriptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_role_codes")),
    )
    op.create_table(
        "roles",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "scope IN ('own', 'granted', 'all')", name=op.f("ck_roles__scope")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_roles")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_roles__tenant_id_name")),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "training_frequencies",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "descriptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_training_frequencies")),
    )
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "email_key",
            sa.Text(collation="C"),
            sa.Computed('lower(email COLLATE "C")', persisted=True),
            nullable=False,
        ),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column(
            "username_key",
            sa.Text(collation="C"),
            sa.Computed('lower(username COLLATE "C")', persisted=True),
            nullable=True,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "position('@' in username) = 0", name=op.f("ck_users__username")
        ),
        sa.CheckConstraint(
            "status IN ('invited', 'active', 'disabled')", name=op.f("ck_users__status")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint(
            "tenant_id", "email_key", name=op.f("uq_users__tenant_id_email_key")
        ),
        sa.UniqueConstraint(
            "tenant_id", "username_key", name=op.f("uq_users__tenant_id_username_key")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index("ix_users__name", "users", ["tenant_id", "name"], unique=False)
    op.create_index("ix_users__role", "users", ["tenant_id", "role"], unique=False)
    op.create_table(
        "auth_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_auth_sessions__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_auth_sessions")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_auth_sessions__user_id",
        "auth_sessions",
        ["tenant_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "user_states",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("weight", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("fitness_level", sa.Text(), nullable=True),
        sa.Column("training_frequency", sa.Text(), nullable=True),
        sa.Column("photo_url", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("unit IN ('kg', 'lb')", name=op.f("ck_user_states__unit")),
        sa.CheckConstraint("weight > 0", name=op.f("ck_user_states__weight")),
        sa.ForeignKeyConstraint(
            ["fitness_level"],
            ["fitness_levels.code"],
            name=op.f("fk_user_states__fitness_level"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_user_states__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["training_frequency"],
            ["training_frequencies.code"],
            name=op.f("fk_user_states__training_frequency"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_user_states")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_user_states__user_id",
        "user_states",
        ["tenant_id", "user_id", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("successor_salt", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["auth_sessions.tenant_id", "auth_sessions.id"],
            name=op.f("fk_refresh_tokens__tenant_id_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint(
            "tenant_id",
            "token_hash",
            name=op.f("uq_refresh_tokens__tenant_id_token_hash"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_refresh_tokens__parent_id",
        "refresh_tokens",
        ["tenant_id", "parent_id"],
        unique=True,
    )
    op.create_index(
        "ix_refresh_tokens__session_id",
        "refresh_tokens",
        ["tenant_id", "session_id"],
        unique=False,
    )
    op.create_index(
        "ix_refresh_tokens__user_id",
        "refresh_tokens",
        ["tenant_id", "user_id"],
        unique=False,
    )
    op.protect_tenant_table("access_versions")
    op.protect_tenant_table("audit_entries", append_only=True)
    op.protect_tenant_table("client_grants")
    op.grant_shared_table("fitness_levels")
    op.protect_tenant_table("idempotency_keys")
    op.grant_shared_table("role_codes")
    op.protect_tenant_table("roles")
    op.grant_shared_table("training_frequencies")
    op.protect_tenant_table("users")
    op.protect_tenant_table("auth_sessions")
    op.protect_tenant_table("user_states")
    op.protect_tenant_table("refresh_tokens")


def downgrade() -> None:
    op.unprotect_tenant_table("refresh_tokens")
    op.unprotect_tenant_table("user_states")
    op.unprotect_tenant_table("auth_sessions")
    op.unprotect_tenant_table("users")
    op.revoke_shared_table("training_frequencies")
    op.unprotect_tenant_table("roles")
    op.revoke_shared_table("role_codes")
    op.unprotect_tenant_table("idempotency_keys")
    op.revoke_shared_table("fitness_levels")
    op.unprotect_tenant_table("client_grants")
    op.unprotect_tenant_table("audit_entries")
    op.unprotect_tenant_table("access_versions")
    op.drop_index("ix_refresh_tokens__user_id", table_name="refresh_tokens")
    op.drop_index("ix_refresh_tokens__session_id", table_name="refresh_tokens")
    op.drop_index("ix_refresh_tokens__parent_id", table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index("ix_user_states__user_id", table_name="user_states")
    op.drop_table("user_states")
    op.drop_index("ix_auth_sessions__user_id", table_name="auth_sessions")
    op.drop_table("auth_sessions")
    op.drop_index("ix_users__role", table_name="users")
    op.drop_index("ix_users__name", table_name="users")
    op.drop_table("users")
    op.drop_table("training_frequencies")
    op.drop_table("roles")
    op.drop_table("role_codes")
    op.drop_index(
        op.f("ix_idempotency_keys__created_at"), table_name="idempotency_keys"
    )
    op.drop_table("idempotency_keys")
    op.drop_table("fitness_levels")
    op.drop_index("ix_client_grants__client_id", table_name="client_grants")
    op.drop_table("client_grants")
    op.drop_index("ix_audit_entries__user_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries__entity", table_name="audit_entries")
    op.drop_index("ix_audit_entries__at", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("access_versions")
    op.execute("DROP TYPE uuidrange")
