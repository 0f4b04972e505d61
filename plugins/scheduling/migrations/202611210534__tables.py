"""Makes the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.sdk.data import overlap_guard

revision = "35897b03ccea"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scheduling_overrides",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("coach_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("windows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_scheduling_overrides")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "coach_id",
            "day",
            name=op.f("uq_scheduling_overrides__tenant_id_coach_id_day"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "scheduling_rules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("coach_id", sa.Uuid(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("minimum_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("maximum_advance_days", sa.Integer(), nullable=True),
        sa.Column("daily_limit", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "buffer_before_minutes >= 0 AND buffer_after_minutes >= 0",
            name=op.f("ck_scheduling_rules__buffers"),
        ),
        sa.CheckConstraint("daily_limit > 0", name=op.f("ck_scheduling_rules__daily")),
        sa.CheckConstraint(
            "maximum_advance_days > 0", name=op.f("ck_scheduling_rules__advance")
        ),
        sa.CheckConstraint(
            "minimum_notice_minutes >= 0", name=op.f("ck_scheduling_rules__notice")
        ),
        sa.CheckConstraint("slot_minutes > 0", name=op.f("ck_scheduling_rules__slot")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scheduling_rules")),
        sa.UniqueConstraint(
            "tenant_id",
            "coach_id",
            name=op.f("uq_scheduling_rules__tenant_id_coach_id"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "scheduling_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("coach_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('scheduled', 'completed', 'canceled', 'no_show')",
            name=op.f("ck_scheduling_sessions__status"),
        ),
        sa.CheckConstraint(
            "starts_at < ends_at", name=op.f("ck_scheduling_sessions__interval")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scheduling_sessions")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_scheduling_sessions__client",
        "scheduling_sessions",
        ["tenant_id", "client_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_scheduling_sessions__coach",
        "scheduling_sessions",
        ["tenant_id", "coach_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_scheduling_sessions__starts",
        "scheduling_sessions",
        ["tenant_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "scheduling_windows",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("coach_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("starts_minute", sa.SmallInteger(), nullable=False),
        sa.Column("ends_minute", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "0 <= starts_minute AND starts_minute < ends_minute AND ends_minute <= 1440",
            name=op.f("ck_scheduling_windows__minutes"),
        ),
        sa.CheckConstraint(
            "weekday BETWEEN 1 AND 7", name=op.f("ck_scheduling_windows__weekday")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scheduling_windows")),
        sa.UniqueConstraint(
            "tenant_id",
            "coach_id",
            "weekday",
            "starts_minute",
            name=op.f(
                "uq_scheduling_windows__tenant_id_coach_id_weekday_starts_minute"
            ),
        ),
        info={"tenancy": "tenant"},
    )
    for person in ("coach", "client"):
        op.execute(
            overlap_guard(
                name=f"scheduling_sessions_{person}_free",
                table="scheduling_sessions",
                column=f"{person}_id",
                starts="starts_at",
                ends="ends_at",
                where="status <> 'canceled'",
            )
        )
    op.protect_tenant_table("scheduling_overrides")
    op.protect_tenant_table("scheduling_rules")
    op.protect_tenant_table("scheduling_sessions")
    op.protect_tenant_table("scheduling_windows")


def downgrade() -> None:
    op.unprotect_tenant_table("scheduling_windows")
    op.unprotect_tenant_table("scheduling_sessions")
    op.unprotect_tenant_table("scheduling_rules")
    op.unprotect_tenant_table("scheduling_overrides")
    op.drop_table("scheduling_windows")
    op.drop_index("ix_scheduling_sessions__starts", table_name="scheduling_sessions")
    op.drop_index("ix_scheduling_sessions__coach", table_name="scheduling_sessions")
    op.drop_index("ix_scheduling_sessions__client", table_name="scheduling_sessions")
    op.drop_table("scheduling_sessions")
    op.drop_table("scheduling_rules")
    op.drop_table("scheduling_overrides")
