"""Makes the outbox of jobs and the list of deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0184574958b1"
down_revision = "2be89383659d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'sent', 'failed')",
            name=op.f("ck_notification_deliveries__status"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_notification_deliveries")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_notification_deliveries__created_at",
        "notification_deliveries",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_notification_deliveries__user_id",
        "notification_deliveries",
        ["tenant_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'queued', 'running', 'done', 'dead')",
            name=op.f("ck_outbox__state"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "tenant_id",
            "kind",
            "dedup_key",
            name=op.f("uq_outbox__tenant_id_kind_dedup_key"),
        ),
        info={"operator": True, "tenancy": "tenant"},
    )
    op.create_index(
        "ix_outbox__dead",
        "outbox",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_outbox__done",
        "outbox",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("state = 'done' AND dedup_key IS NULL"),
    )
    op.create_index(
        "ix_outbox__done_keyed",
        "outbox",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("state = 'done' AND dedup_key IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox__due",
        "outbox",
        ["tenant_id", "run_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_outbox__lease",
        "outbox",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "ix_outbox__next",
        "outbox",
        ["run_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.protect_tenant_table("notification_deliveries")
    op.protect_tenant_table("outbox", operator=True)


def downgrade() -> None:
    op.unprotect_tenant_table("outbox")
    op.unprotect_tenant_table("notification_deliveries")
    op.drop_index(
        "ix_outbox__next",
        table_name="outbox",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index(
        "ix_outbox__lease",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.drop_index(
        "ix_outbox__due",
        table_name="outbox",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index(
        "ix_outbox__done_keyed",
        table_name="outbox",
        postgresql_where=sa.text("state = 'done' AND dedup_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_outbox__done",
        table_name="outbox",
        postgresql_where=sa.text("state = 'done' AND dedup_key IS NULL"),
    )
    op.drop_index(
        "ix_outbox__dead",
        table_name="outbox",
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.drop_table("outbox")
    op.drop_index(
        "ix_notification_deliveries__user_id", table_name="notification_deliveries"
    )
    op.drop_index(
        "ix_notification_deliveries__created_at", table_name="notification_deliveries"
    )
    op.drop_table("notification_deliveries")
