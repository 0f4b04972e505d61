"""Booking and moving sessions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.requests.peers.common import audit, errors, hours, reminders, roles
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.names import SESSION_FIELDS
from benchmarks.requests.peers.common.reminders import Cause
from benchmarks.requests.peers.fast.access import Caller, require_reach
from benchmarks.requests.peers.fast.models import (
    AuditEntry,
    AvailabilityRules,
    Client,
    Coach,
    DateOverride,
    OutboxJob,
    ReminderRule,
    TrainingSession,
    WeeklyWindow,
)
from benchmarks.requests.peers.fast.schemas import NewSession

_MOVES = frozenset({"starts_at", "ends_at"})


async def book(db: AsyncSession, caller: Caller, wanted: NewSession) -> TrainingSession:
    """Books a session; constraints keep coach and client from being in two at once.

    Raises:
        Refused: It cannot be booked.
    """
    span = hours.checked(wanted.starts_at, wanted.ends_at)
    if not await db.scalar(select(Coach.id).where(Coach.id == wanted.coach_id)):
        raise errors.CoachUnknown
    if not await db.scalar(select(Client.id).where(Client.id == wanted.client_id)):
        raise errors.ClientUnknown
    await require_reach(db, caller, wanted.client_id)
    override = wanted.ignore_availability
    await refuse_time(db, caller, wanted.coach_id, span, override=override)
    row = TrainingSession(
        tenant_id=caller.cause.tenant_id,
        client_id=wanted.client_id,
        coach_id=wanted.coach_id,
        starts_at=span[0],
        ends_at=span[1],
        location=wanted.location,
        notes=wanted.notes,
    )
    db.add(row)
    await db.flush()
    values = {name: getattr(row, name) for name in SESSION_FIELDS[1:]}
    told = audit.entry(
        caller.cause,
        "scheduling.session.create",
        row.id,
        after=audit.without_words(values),
    )
    db.add(AuditEntry(**told))
    await plan_reminders(db, caller.cause, row)
    return row


async def change(
    db: AsyncSession, caller: Caller, row: TrainingSession, changes: Mapping[str, Any]
) -> None:
    """Moves or annotates a session that is locked.

    Raises:
        Refused: It cannot be moved there.
    """
    before = {name: getattr(row, name) for name in SESSION_FIELDS}
    changed = {
        name: value
        for name, value in changes.items()
        if name in before and before[name] != value
    }
    if not changed:
        return
    moved = bool(_MOVES.intersection(changed))
    if moved:
        await _refuse_move(db, caller, row, changes)
    for name, value in changed.items():
        setattr(row, name, value)
    await db.flush()
    told = audit.entry(
        caller.cause,
        "scheduling.session.update",
        row.id,
        before=_told(before, changed),
        after=_told(changed, changed),
    )
    db.add(AuditEntry(**told))
    if moved:
        await plan_reminders(db, caller.cause, row)


def _told(values: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    worded = audit.without_words(values)
    return {name: worded[name] for name in changed}


async def _refuse_move(
    db: AsyncSession, caller: Caller, row: TrainingSession, changes: Mapping[str, Any]
) -> None:
    if row.status != "scheduled":
        raise errors.TransitionIllegal
    if row.starts_at <= utc_now() and not caller.may(roles.SESSIONS_MANAGE):
        raise errors.InPast("This session has begun already.")
    span = hours.checked(
        changes.get("starts_at", row.starts_at), changes.get("ends_at", row.ends_at)
    )
    override = changes.get("ignore_availability", False)
    await refuse_time(db, caller, row.coach_id, span, override=override, besides=row.id)


async def refuse_time(
    db: AsyncSession,
    caller: Caller,
    coach_id: UUID,
    wanted: hours.Span,
    *,
    override: bool,
    besides: UUID | None = None,
) -> None:
    """Refuses a time that the caller may not book of a coach.

    Raises:
        InPast: It is over already.
        OutsideAvailability: Why not, in the details.
        Forbidden: The caller may not pass over opening hours.
    """
    now, manages = utc_now(), caller.may(roles.SESSIONS_MANAGE)
    if not manages and wanted[0] < now:
        raise errors.InPast
    if override:
        if not caller.may(roles.SESSIONS_OVERRIDE):
            raise errors.Forbidden(details={"permission": roles.SESSIONS_OVERRIDE})
        return
    rules = await db.scalar(
        select(AvailabilityRules).where(AvailabilityRules.coach_id == coach_id)
    )
    zone = caller.zone if rules is None else ZoneInfo(rules.timezone)
    opening = await _opening(db, coach_id, wanted, zone)
    if manages:
        reason = None if opening.covers(wanted) else "windows"
    else:
        held = rules or hours.DefaultRules()
        others = []
        if hours.counts_others(held):
            since, until = hours.around(wanted, opening, held)
            others = await _others(db, coach_id, (since, until), besides)
        reason = hours.refusal(opening, held, wanted, others, now)
    if reason is not None:
        raise errors.OutsideAvailability(details={"reason": reason})


async def _opening(
    db: AsyncSession, coach_id: UUID, wanted: hours.Span, zone: ZoneInfo
) -> hours.OpeningHours:
    first, last = (moment.astimezone(zone).date() for moment in wanted)
    weekly: dict[int, list[hours.Window]] = {}
    windows = await db.execute(
        select(
            WeeklyWindow.weekday, WeeklyWindow.starts_minute, WeeklyWindow.ends_minute
        ).where(WeeklyWindow.coach_id == coach_id)
    )
    for weekday, starts, ends in windows:
        weekly.setdefault(weekday, []).append((starts, ends))
    days = await db.execute(
        select(DateOverride.day, DateOverride.windows).where(
            DateOverride.coach_id == coach_id, DateOverride.day.between(first, last)
        )
    )
    overrides = {
        day: [(window["starts"], window["ends"]) for window in instead]
        for day, instead in days
    }
    return hours.OpeningHours(zone, weekly, overrides)


async def _others(
    db: AsyncSession, coach_id: UUID, around: hours.Span, besides: UUID | None
) -> list[hours.Span]:
    """The coach's sessions that the rules count, held while this one is booked."""
    held = select(AvailabilityRules.id).where(AvailabilityRules.coach_id == coach_id)
    await db.execute(held.with_for_update())
    model = TrainingSession
    statement = select(model.starts_at, model.ends_at).where(
        model.coach_id == coach_id,
        model.status != "canceled",
        model.starts_at > around[0] - hours.MAX_DURATION,
        model.starts_at < around[1],
        model.ends_at > around[0],
    )
    if besides is not None:
        statement = statement.where(model.id != besides)
    return [(row.starts_at, row.ends_at) for row in await db.execute(statement)]


async def plan_reminders(db: AsyncSession, cause: Cause, row: TrainingSession) -> None:
    """Writes the jobs that remind of a session."""
    own = await db.execute(
        select(ReminderRule.minutes_before, ReminderRule.enabled).where(
            ReminderRule.kind == reminders.KIND
        )
    )
    rules = {rule.minutes_before: rule.enabled for rule in own}
    jobs = reminders.jobs(cause, row.id, row.starts_at, rules)
    if jobs:
        await db.execute(insert(OutboxJob).values(jobs).on_conflict_do_nothing())
