"""Planning reminders ahead, and sending them when they are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.clock import as_rfc3339, utc_now
from core.jobs.outbox import Wanted, enqueue_many
from core.metrics import counter
from core.notifications.reminders.rules import Rule, kinds, rules_of, wanted
from core.notifications.service import notify
from core.plugin.reminder import Occasion

SEND = "notifications.remind"
"""The actor that sends."""

log = structlog.get_logger(__name__)

_sent = counter("reminders_sent_total", "Reminders sent, one for each person.")


def plan_reminders(kind: str, subject_id: UUID, *, at: datetime) -> int:
    """Plans every reminder of something that was created, or moved to ``at``.

    What was planned for another moment needs no word: it will find the thing moved, or
    gone, and send nothing.

    Args:
        kind: Name of the kind of reminder.
        subject_id: What people are reminded of.
        at: When it begins.

    Returns:
        How many lie ahead; none for what is past.
    """
    found = kinds().get(kind)
    return 0 if found is None else plan(rules_of(found), [(subject_id, at)])


def plan(rules: Sequence[Rule], subjects: Sequence[tuple[UUID, datetime]]) -> int:
    """Plans by these rules; what was planned already is not planned again."""
    now = utc_now()
    ahead = [
        Wanted(
            args={
                "kind": rule.kind.name,
                "subject_id": str(subject_id),
                "at": as_rfc3339(at),
                "minutes_before": rule.minutes_before,
            },
            run_at=at - rule.before,
            key=f"{rule.kind.name}:{subject_id}:{rule.minutes_before}:"
            f"{round(at.timestamp())}",
        )
        for rule in rules
        for subject_id, at in subjects
        if rule.enabled and at - rule.before > now
    ]
    enqueue_many(SEND, ahead)
    return len(ahead)


def remind(kind: str, subject_id: UUID, at: datetime, minutes_before: int) -> None:
    """Sends a reminder that is due, if it is still right to send it.

    It is not when reminders or this rule were switched off, when the thing was moved or
    canceled or has begun, and when the next reminder of the same thing is due as well,
    because this one was held up.
    """
    rule = _rule_to_follow(kind, at, minutes_before)
    if rule is None:
        return
    occasion = rule.kind.occasion(subject_id)
    if occasion is None or occasion.at != at:
        log.info("reminder.void", kind=kind, subject=str(subject_id))
        return
    _send(rule, occasion)


def _rule_to_follow(kind: str, at: datetime, minutes_before: int) -> Rule | None:
    found = kinds().get(kind)
    if found is None or not wanted() or utc_now() >= at:
        return None
    rules = [rule for rule in rules_of(found) if rule.enabled]
    rule = next((one for one in rules if one.minutes_before == minutes_before), None)
    later = [one for one in rules if one.minutes_before < minutes_before]
    if rule is None or any(utc_now() >= at - one.before for one in later):
        return None
    return rule


def _send(rule: Rule, occasion: Occasion) -> None:
    for person in occasion.people:
        notify(
            user_id=person.user_id,
            template=rule.kind.template,
            variables=person.variables,
            topic=rule.kind.topic,
            channels=rule.channels,
            until=occasion.at,
        )
        _sent.inc()


def plan_anew(kind: str, minutes_before: int) -> int:
    """Plans a rule that is new for all that lies ahead."""
    found = kinds().get(kind)
    if found is None:
        return 0
    rules = [one for one in rules_of(found) if one.minutes_before == minutes_before]
    ahead = utc_now() + timedelta(minutes=minutes_before)
    return plan(rules, list(found.upcoming(ahead)))
