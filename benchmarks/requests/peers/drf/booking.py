"""Booking and moving sessions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from benchmarks.requests.peers.common import audit, errors, hours, reminders, roles
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.names import SESSION_FIELDS
from benchmarks.requests.peers.common.reminders import Cause
from benchmarks.requests.peers.drf.models import (
    AuditEntry,
    AvailabilityRules,
    Client,
    Coach,
    DateOverride,
    OutboxJob,
    ReminderRule,
    TrainingSession,
    User,
    WeeklyWindow,
    reaches_client,
)

_MOVES = frozenset({"starts_at", "ends_at"})


def book(
    user: User, cause: Cause, zone: ZoneInfo, wanted: dict[str, Any]
) -> TrainingSession:
    """Books a session; constraints keep coach and client from being in two at once.

    Raises:
        Refused: It cannot be booked.
    """
    span = hours.checked(wanted["starts_at"], wanted["ends_at"])
    if not Coach.objects.filter(id=wanted["coach_id"]).exists():
        raise errors.CoachUnknown
    if not Client.objects.filter(id=wanted["client_id"]).exists():
        raise errors.ClientUnknown
    require_reach(user, wanted["client_id"])
    override = wanted.pop("ignore_availability", False)
    refuse_time(user, wanted["coach_id"], span, zone, override=override)
    row = TrainingSession.objects.create(tenant_id=cause.tenant_id, **wanted)
    values = {name: getattr(row, name) for name in SESSION_FIELDS[1:]}
    told = audit.entry(
        cause,
        "scheduling.session.create",
        row.id,
        after=audit.without_words(values),
    )
    AuditEntry.objects.create(**told)
    plan_reminders(cause, row)
    return row


def change(
    user: User,
    cause: Cause,
    zone: ZoneInfo,
    row: TrainingSession,
    changes: Mapping[str, Any],
) -> None:
    """Moves or annotates a session that is locked.

    Raises:
        Refused: It cannot be moved there.
    """
    before = {name: getattr(row, name) for name in SESSION_FIELDS}
    values = {name: changes[name] for name in changes if name in before}
    override = changes.get("ignore_availability", False)
    for name, value in values.items():
        setattr(row, name, value)
    changed = [name for name in values if before[name] != values[name]]
    moved = bool(_MOVES.intersection(changed))
    if moved:
        if row.status != "scheduled":
            raise errors.TransitionIllegal
        if before["starts_at"] <= utc_now() and not manages(user):
            raise errors.InPast("This session has begun already.")
        span = hours.checked(row.starts_at, row.ends_at)
        refuse_time(user, row.coach_id, span, zone, override=override, besides=row.id)
    if not changed:
        return
    row.version += 1
    row.updated_at = utc_now()
    row.save(update_fields=[*changed, "version", "updated_at"])
    AuditEntry.objects.create(**_moved(cause, row, before, changed))
    if moved:
        plan_reminders(cause, row)


def _moved(
    cause: Cause, row: TrainingSession, before: dict[str, Any], changed: list[str]
) -> dict[str, Any]:
    told = [
        {name: values[name] for name in changed}
        for values in (
            audit.without_words(before),
            audit.without_words({name: getattr(row, name) for name in changed}),
        )
    ]
    return audit.entry(
        cause, "scheduling.session.update", row.id, before=told[0], after=told[1]
    )


def manages(user: User) -> bool:
    """Says whether somebody is held to the opening hours alone."""
    return roles.may(user.role, roles.SESSIONS_MANAGE)


def require_reach(user: User, client_id: UUID) -> None:
    """Refuses a client out of reach.

    Raises:
        Forbidden: The client is.
    """
    if not reaches_client(user, client_id):
        raise errors.Forbidden("This client is not yours to see.")


def refuse_time(
    user: User,
    coach_id: UUID,
    wanted: hours.Span,
    zone: ZoneInfo,
    *,
    override: bool,
    besides: UUID | None = None,
) -> None:
    """Refuses a time that the user may not book of a coach.

    Raises:
        InPast: It is over already.
        OutsideAvailability: Why not, in the details.
        Forbidden: The user may not pass over opening hours.
    """
    now = utc_now()
    if not manages(user) and wanted[0] < now:
        raise errors.InPast
    if override:
        if not roles.may(user.role, roles.SESSIONS_OVERRIDE):
            raise errors.Forbidden(details={"permission": roles.SESSIONS_OVERRIDE})
        return
    rules = AvailabilityRules.objects.filter(coach_id=coach_id).first()
    opening = _opening(rules, coach_id, wanted, zone)
    if manages(user):
        reason = None if opening.covers(wanted) else "windows"
    else:
        held = rules or hours.DefaultRules()
        others = _others(coach_id, wanted, opening, held, besides)
        reason = hours.refusal(opening, held, wanted, others, now)
    if reason is not None:
        raise errors.OutsideAvailability(details={"reason": reason})


def _opening(
    rules: AvailabilityRules | None, coach_id: UUID, wanted: hours.Span, zone: ZoneInfo
) -> hours.OpeningHours:
    zone = zone if rules is None else ZoneInfo(rules.timezone)
    first, last = (moment.astimezone(zone).date() for moment in wanted)
    weekly: dict[int, list[hours.Window]] = {}
    for weekday, starts, ends in WeeklyWindow.objects.filter(
        coach_id=coach_id
    ).values_list("weekday", "starts_minute", "ends_minute"):
        weekly.setdefault(weekday, []).append((starts, ends))
    overrides = {
        day: [(window["starts"], window["ends"]) for window in windows]
        for day, windows in DateOverride.objects.filter(
            coach_id=coach_id, day__range=(first, last)
        ).values_list("day", "windows")
    }
    return hours.OpeningHours(zone, weekly, overrides)


def _others(
    coach_id: UUID,
    wanted: hours.Span,
    opening: hours.OpeningHours,
    rules: hours.Rules,
    besides: UUID | None,
) -> list[hours.Span]:
    """The coach's sessions that the rules count, held while this one is booked."""
    if not hours.counts_others(rules):
        return []
    list(AvailabilityRules.objects.select_for_update().filter(coach_id=coach_id))
    since, until = hours.around(wanted, opening, rules)
    return list(
        TrainingSession.objects.filter(
            coach_id=coach_id,
            starts_at__gt=since - hours.MAX_DURATION,
            starts_at__lt=until,
            ends_at__gt=since,
        )
        .exclude(status="canceled")
        .exclude(id=besides)
        .values_list("starts_at", "ends_at")
    )


def plan_reminders(cause: Cause, row: TrainingSession) -> None:
    """Writes the jobs that remind of a session."""
    own = ReminderRule.objects.filter(kind=reminders.KIND)
    rules = dict(own.values_list("minutes_before", "enabled"))
    jobs = reminders.jobs(cause, row.id, row.starts_at, rules)
    OutboxJob.objects.bulk_create(
        [OutboxJob(**job) for job in jobs], ignore_conflicts=True
    )
