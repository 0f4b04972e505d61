"""Makes the operator's tables; going down, erased gyms count as closed again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db.ddl import let_erasure_in

revision = "970536469cad"
down_revision = "8cdf8ddf28f3"
branch_labels = None
depends_on = None

_ERASE = "tenants_erase_rows(uuid, text, integer)"


def upgrade() -> None:
    op.create_table(
        "tenants_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_tenants_epoch__one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_epoch")),
    )
    op.create_table(
        "tenants_operators",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "email_key",
            sa.Text(collation="C"),
            sa.Computed('lower(email COLLATE "C")', persisted=True),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'disabled')",
            name=op.f("ck_tenants_operators__status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_operators")),
        sa.UniqueConstraint("email_key", name=op.f("uq_tenants_operators__email_key")),
        info={"tenancy": "operator"},
    )
    op.create_table(
        "tenants_quarantine",
        sa.Column("plugin_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plugin_id", name=op.f("pk_tenants_quarantine")),
    )
    op.create_table(
        "tenants_operator_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("gym_id", sa.Uuid(), nullable=True),
        sa.Column("gym_slug", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["tenants_operators.id"],
            name=op.f("fk_tenants_operator_log__operator_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_operator_log")),
        info={"tenancy": "operator", "append_only": True},
    )
    op.create_index(
        "ix_tenants_operator_log__gym_id",
        "tenants_operator_log",
        ["gym_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_tenants_operator_log__operator_id"),
        "tenants_operator_log",
        ["operator_id"],
        unique=False,
    )
    op.create_table(
        "tenants_usage",
        sa.Column("gym_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gym_id"], ["tenants_gyms.id"], name=op.f("fk_tenants_usage__gym_id")
        ),
        sa.PrimaryKeyConstraint("gym_id", "day", name=op.f("pk_tenants_usage")),
        info={"tenancy": "operator"},
    )
    op.drop_constraint("ck_tenants_gyms__status", "tenants_gyms")
    op.create_check_constraint(
        op.f("ck_tenants_gyms__status"),
        "tenants_gyms",
        "status IN ('active', 'suspended', 'closed', 'erased')",
    )
    op.create_table(
        "tenants_exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gym_id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'done', 'failed', 'expired')",
            name=op.f("ck_tenants_exports__status"),
        ),
        sa.ForeignKeyConstraint(
            ["gym_id"], ["tenants_gyms.id"], name=op.f("fk_tenants_exports__gym_id")
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["tenants_operators.id"],
            name=op.f("fk_tenants_exports__operator_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_exports")),
        info={"tenancy": "operator"},
    )
    op.create_index(
        op.f("ix_tenants_exports__operator_id"),
        "tenants_exports",
        ["operator_id"],
        unique=False,
    )
    op.create_index(
        "ix_tenants_exports__pending",
        "tenants_exports",
        ["gym_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    # Databases whose audit log is older than these policies.
    for table in ("audit_entries", "audit_seals"):
        let_erasure_in(op.execute, table)
    _make_the_door()
    op.grant_shared_table("tenants_epoch")
    op.grant_operator_table("tenants_operators")
    op.grant_shared_table("tenants_quarantine")
    op.grant_operator_table("tenants_operator_log", append_only=True)
    op.grant_operator_table("tenants_usage")
    op.grant_operator_table("tenants_exports")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {_ERASE}")
    op.revoke_shared_table("tenants_exports")
    op.revoke_shared_table("tenants_usage")
    op.revoke_shared_table("tenants_operator_log")
    op.revoke_shared_table("tenants_quarantine")
    op.revoke_shared_table("tenants_operators")
    op.revoke_shared_table("tenants_epoch")
    op.drop_table("tenants_usage")
    op.drop_index("ix_tenants_exports__pending", table_name="tenants_exports")
    op.drop_index(op.f("ix_tenants_exports__operator_id"), table_name="tenants_exports")
    op.drop_table("tenants_exports")
    op.drop_index(
        op.f("ix_tenants_operator_log__operator_id"), table_name="tenants_operator_log"
    )
    op.drop_index("ix_tenants_operator_log__gym_id", table_name="tenants_operator_log")
    op.drop_table("tenants_operator_log")
    op.drop_table("tenants_quarantine")
    op.drop_table("tenants_operators")
    op.drop_table("tenants_epoch")
    op.drop_constraint("ck_tenants_gyms__status", "tenants_gyms")
    op.execute("UPDATE tenants_gyms SET status = 'closed' WHERE status = 'erased'")
    op.create_check_constraint(
        op.f("ck_tenants_gyms__status"),
        "tenants_gyms",
        "status IN ('active', 'suspended', 'closed')",
    )


def _make_the_door() -> None:
    """Makes the one door by which rows leave that no role may delete.

    A function that the owner runs and the operator's role alone may call. It deletes
    some rows of a table that only grows, of a gym whose erasure was begun, which is
    final. So nobody rewrites the audit chain of a gym that lives.
    """
    op.execute(
        """
        CREATE FUNCTION tenants_erase_rows(gym uuid, target text, most integer)
        RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
        DECLARE
            batch CONSTANT integer := greatest(least(most, 10000), 1);
            deleted integer;
        BEGIN
            IF NOT EXISTS (
                SELECT FROM public.tenants_gyms WHERE id = gym AND status = 'erased'
            ) THEN
                RAISE EXCEPTION 'the erasure of gym % was not begun', gym
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            IF NOT EXISTS (
                SELECT FROM pg_policies WHERE schemaname = 'public'
                AND tablename = target AND policyname = 'erased_gym'
            ) THEN
                RAISE EXCEPTION 'table % is not erased this way', target
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            PERFORM set_config('app.erased_gym', gym::text, true);
            EXECUTE format(
                'DELETE FROM public.%1$I WHERE tenant_id = $1 AND id IN'
                ' (SELECT id FROM public.%1$I WHERE tenant_id = $1 LIMIT $2)',
                target
            ) USING gym, batch;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            PERFORM set_config('app.erased_gym', '', true);
            RETURN deleted;
        END $$
        """
    )
    op.execute(f"REVOKE ALL ON FUNCTION {_ERASE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_ERASE} TO palestra_operator")
