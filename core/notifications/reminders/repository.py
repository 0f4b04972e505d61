"""SQL on the rules of reminders."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import select

from core.db.statement import Statement, given
from core.db.unit import session
from core.notifications.reminders.models import ReminderRule

_STORED = select(
    ReminderRule.kind,
    ReminderRule.minutes_before,
    ReminderRule.enabled,
    ReminderRule.channels,
)
_ALL = Statement(_STORED)
_OF_KIND = Statement(_STORED.where(ReminderRule.kind == given("kind")))
_ONE = Statement(
    select(ReminderRule).where(
        ReminderRule.kind == given("kind"),
        ReminderRule.minutes_before == given("minutes_before"),
    )
)


class StoredRule(NamedTuple):
    """A rule that the gym has changed or added; see ``ReminderRule``."""

    kind: str
    minutes_before: int
    enabled: bool
    channels: list[str] | None


def of_kind(kind: str) -> list[StoredRule]:
    """The stored rules of one kind."""
    return [StoredRule(*row) for row in session().read(_OF_KIND, kind=kind)]


def all_stored() -> list[StoredRule]:
    """Every stored rule of the gym."""
    return [StoredRule(*row) for row in session().read(_ALL)]


def store(wish: Mapping[str, Any]) -> None:
    """Writes a rule, over one of the same kind and time."""
    which = {"kind": wish["kind"], "minutes_before": wish["minutes_before"]}
    row: ReminderRule | None = session().read_one(_ONE, **which)
    if row is None:
        row = ReminderRule(**which)
        row.enabled = True
        row.channels = None
        session().add(row)
    row.enabled = wish.get("enabled", row.enabled)
    row.channels = wish.get("channels", row.channels)
    session().flush()
