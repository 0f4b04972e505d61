"""The rules in force: what plugins declare, and what the gym made of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from core.context import current, hooks
from core.notifications.reminders import repository
from core.notifications.reminders.errors import ReminderUnknown, TooManyRules
from core.notifications.reminders.repository import StoredRule
from core.plugin.reminder import ReminderKind
from core.plugin.settings import setting

MOST_RULES = 10
"""Of one kind."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force.

    Attributes:
        minutes_before: How long before the occasion.
        channels: Through which channels; None for those of the topic.
    """

    kind: ReminderKind
    minutes_before: int
    enabled: bool
    channels: Sequence[str] | None

    @property
    def before(self) -> timedelta:
        """How long before the occasion."""
        return timedelta(minutes=self.minutes_before)


def kinds() -> dict[str, ReminderKind]:
    """The kinds of reminders of the plugins that are on, by name."""
    groups: Iterable[Iterable[ReminderKind]] = hooks().reminder_kinds()
    return {kind.name: kind for kind in chain.from_iterable(groups)}


def wanted() -> bool:
    """Whether the gym sends reminders at all."""
    return bool(setting(current().require_gym(), "notifications.reminders.enabled"))


def rules_of(kind: ReminderKind) -> list[Rule]:
    """The rules of a kind, the earliest reminder first."""
    return _in_force(kind, repository.of_kind(kind.name))


def all_rules() -> list[Rule]:
    """The rules of every kind."""
    stored = repository.all_stored()
    return [
        rule
        for name, kind in sorted(kinds().items())
        for rule in _in_force(kind, [row for row in stored if row.kind == name])
    ]


def change(wishes: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Stores rules as the gym wants them; returns those that are new in force.

    Args:
        wishes: ``kind``, ``minutes_before``, ``enabled`` and ``channels`` each.

    Raises:
        ReminderUnknown: No plugin that is on has such a kind.
        TooManyRules: A kind would have more than ten.
    """
    before = {
        (rule.kind.name, rule.minutes_before) for rule in all_rules() if rule.enabled
    }
    known = kinds()
    for wish in wishes:
        if wish["kind"] not in known:
            raise ReminderUnknown(details={"kind": wish["kind"]})
        repository.store(wish)
    now = all_rules()
    for name in known:
        if sum(rule.kind.name == name for rule in now) > MOST_RULES:
            raise TooManyRules(details={"kind": name, "most": MOST_RULES})
    return [
        rule
        for rule in now
        if rule.enabled and (rule.kind.name, rule.minutes_before) not in before
    ]


def _in_force(kind: ReminderKind, stored: Iterable[StoredRule]) -> list[Rule]:
    declared = {
        round(offset.total_seconds() / 60): Rule(
            kind, round(offset.total_seconds() / 60), enabled=True, channels=None
        )
        for offset in kind.offsets
    }
    own = {
        row.minutes_before: Rule(kind, row.minutes_before, row.enabled, row.channels)
        for row in stored
    }
    return [rule for _minutes, rule in sorted((declared | own).items(), reverse=True)]
