"""Adds channels and topics to deliveries, and makes inbox, preferences and overrides.

The downgrade deletes what was sent by other channels than mail, the inboxes, the
preferences and the gyms' own templates.
"""

import sqlalchemy as sa
from alembic import op

revision = "d02b7e4c19a2"
down_revision = "d01b7e4c19a1"
branch_labels = None
depends_on = None

_DELIVERIES = "notification_deliveries"
_STATUS = "ck_notification_deliveries__status"
_CHANNEL = "ck_notification_deliveries__channel"


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _ids(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in names]


def _of_a_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["users.tenant_id", "users.id"],
        name=op.f(f"fk_{table}__tenant_id_user_id"),
        ondelete="CASCADE",
    )


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def upgrade() -> None:
    _widen_deliveries()
    _make_inbox()
    _make_preferences()
    _make_templates()


def _widen_deliveries() -> None:
    # A default while the old version still writes rows without these columns.
    for name, default in (("channel", "email"), ("topic", "account")):
        op.add_column(
            _DELIVERIES,
            sa.Column(name, sa.Text(), nullable=False, server_default=default),
        )
    for name in ("due_at", "until"):
        op.add_column(_DELIVERIES, _moment(name, nullable=True))
    op.drop_constraint(op.f(_STATUS), _DELIVERIES, type_="check")
    op.create_check_constraint(
        op.f(_STATUS),
        _DELIVERIES,
        "status IN ('pending', 'sent', 'failed', 'canceled')",
    )
    op.create_check_constraint(
        op.f(_CHANNEL), _DELIVERIES, "channel IN ('email', 'sms', 'inbox')"
    )


def _make_inbox() -> None:
    op.create_table(
        "notification_inbox",
        *_ids("tenant_id", "id", "user_id"),
        _text("topic"),
        _text("title"),
        _text("body"),
        _moment("created_at"),
        _moment("read_at", nullable=True),
        _of_a_person("notification_inbox"),
        _key("notification_inbox"),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_notification_inbox__user_id",
        "notification_inbox",
        ["tenant_id", "user_id", "created_at", "id"],
    )
    op.create_index(
        "ix_notification_inbox__created_at",
        "notification_inbox",
        ["tenant_id", "created_at"],
    )
    op.protect_tenant_table("notification_inbox")


def _make_preferences() -> None:
    op.create_table(
        "notification_preferences",
        *_ids("tenant_id", "id", "user_id"),
        _text("topic"),
        _text("channel"),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _of_a_person("notification_preferences"),
        _key("notification_preferences"),
        sa.UniqueConstraint(
            "tenant_id",
            "user_id",
            "topic",
            "channel",
            name=op.f("uq_notification_preferences__tenant_id_user_id_topic_channel"),
        ),
        info={"tenancy": "tenant"},
    )
    op.protect_tenant_table("notification_preferences")


def _make_templates() -> None:
    op.create_table(
        "notification_templates",
        *_ids("tenant_id", "id"),
        _text("name"),
        _text("language"),
        _text("subject"),
        _text("text"),
        _text("html"),
        _text("sms", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        _key("notification_templates"),
        sa.UniqueConstraint(
            "tenant_id",
            "name",
            "language",
            name=op.f("uq_notification_templates__tenant_id_name_language"),
        ),
        info={"tenancy": "tenant"},
    )
    op.protect_tenant_table("notification_templates")


def downgrade() -> None:
    for table in (
        "notification_templates",
        "notification_preferences",
        "notification_inbox",
    ):
        op.unprotect_tenant_table(table)
        op.drop_table(table)
    # Row level security binds the owner too, and would hide the rows of all gyms.
    op.execute(f"ALTER TABLE {_DELIVERIES} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM {_DELIVERIES} WHERE channel <> 'email'")  # noqa: S608
    op.execute(f"UPDATE {_DELIVERIES} SET status = 'failed' WHERE status = 'canceled'")  # noqa: S608
    op.execute(f"ALTER TABLE {_DELIVERIES} FORCE ROW LEVEL SECURITY")
    op.drop_constraint(op.f(_CHANNEL), _DELIVERIES, type_="check")
    op.drop_constraint(op.f(_STATUS), _DELIVERIES, type_="check")
    op.create_check_constraint(
        op.f(_STATUS), _DELIVERIES, "status IN ('pending', 'sent', 'failed')"
    )
    for name in ("until", "due_at", "topic", "channel"):
        op.drop_column(_DELIVERIES, name)
