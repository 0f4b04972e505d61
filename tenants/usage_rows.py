"""All SQL on what gyms use."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.jobs.models import JobState, OutboxJob
from tenants.models import GymRow, UsageDay

_GYM_IDS = Statement(select(GymRow.id))
_USAGE = Statement(
    select(
        func.coalesce(func.sum(UsageDay.requests), 0),
        func.coalesce(func.sum(UsageDay.jobs), 0),
    ).where(
        UsageDay.gym_id == given("gym_id"),
        UsageDay.day.between(given("first"), given("last")),
    )
)


def add_usage(session: TenantSession, counted: Mapping[tuple[UUID, date], int]) -> None:
    """Adds requests to the days of gyms; of a gym that is gone nothing is written."""
    if not counted:
        return
    known = {row.id for row in session.read(_GYM_IDS)}
    rows = [
        {"gym_id": gym_id, "day": day, "requests": requests, "jobs": 0}
        for (gym_id, day), requests in sorted(counted.items())
        if gym_id in known
    ]
    if rows:
        new = insert(UsageDay).values(rows)
        added = UsageDay.requests + new.excluded.requests
        session.connection().execute(
            new.on_conflict_do_update(
                index_elements=["gym_id", "day"], set_={"requests": added}
            )
        )


def jobs_done(
    session: TenantSession, since: datetime
) -> Mapping[tuple[UUID, date], int]:
    """How many jobs of each gym were done on each day since a moment, in UTC.

    Args:
        session: On the operator's connection, serving the nil gym.
        since: Midnight of the first day.
    """
    day = cast(func.timezone("UTC", OutboxJob.finished_at), Date)
    counted = (
        select(OutboxJob.tenant_id, day, func.count())
        .where(OutboxJob.state == JobState.DONE, OutboxJob.finished_at >= since)
        .group_by(OutboxJob.tenant_id, day)
    )
    # Below the session, whose statements see one gym only.
    return {
        (gym_id, at): number
        for gym_id, at, number in session.connection().execute(counted)
    }


def store_jobs(session: TenantSession, counted: Mapping[tuple[UUID, date], int]) -> int:
    """Writes how many jobs were done; a count never falls, as old jobs are cleared."""
    known = {row.id for row in session.read(_GYM_IDS)}
    rows = [
        {"gym_id": gym_id, "day": day, "requests": 0, "jobs": jobs}
        for (gym_id, day), jobs in sorted(counted.items())
        if gym_id in known
    ]
    if rows:
        new = insert(UsageDay).values(rows)
        most = func.greatest(UsageDay.jobs, new.excluded.jobs)
        session.connection().execute(
            new.on_conflict_do_update(
                index_elements=["gym_id", "day"], set_={"jobs": most}
            )
        )
    return len(rows)


def usage_between(
    session: TenantSession, gym_id: UUID, first: date, last: date
) -> tuple[int, int]:
    """Requests and jobs of a gym from one day to another, both included."""
    requests, jobs = session.read_one(_USAGE, gym_id=gym_id, first=first, last=last)
    return int(requests), int(jobs)
