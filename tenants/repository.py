"""All reads of the registry's tables, of any gym or of the session's own."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import Date, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core.access import RowScope
from core.auth.account_models import AuthAttempt
from core.auth.attempts import FORGOTTEN_AFTER
from core.auth.emails import key_of
from core.clock import utc_now
from core.context import RoleRights
from core.db.session import TenantSession
from core.db.versions import AccessVersion
from core.db.writes import delete_where
from core.http.idempotency import KEPT_FOR, IdempotencyKey
from core.http.page import Page
from core.jobs.models import JobState, OutboxJob
from core.jobs.outbox import PARKED_OFF
from core.rbac.models import GymRole
from tenants.models import (
    Epoch,
    GymDomain,
    GymExport,
    GymRow,
    GymSetting,
    GymStatus,
    Operator,
    OperatorEntry,
    Quarantine,
    Toggle,
    UsageDay,
)

# A row that this session read before it waited for a lock may have changed since.
_AS_IT_STANDS = {"populate_existing": True}


def find_gym(session: TenantSession, gym_id: UUID) -> GymRow | None:
    """The registry's row of a gym."""
    return session.get(GymRow, gym_id)


def lock_gym(session: TenantSession, gym_id: UUID) -> GymRow | None:
    """The row, kept from changing until this transaction ends."""
    return session.get(GymRow, gym_id, with_for_update=True, populate_existing=True)


def find_id_by_slug(session: TenantSession, slug: str) -> UUID | None:
    """The id of the gym with this slug."""
    return session.scalar(select(GymRow.id).where(GymRow.slug == slug))


def find_id_by_domain(session: TenantSession, domain: str) -> UUID | None:
    """The id of the gym that this domain leads to."""
    return session.scalar(select(GymDomain.gym_id).where(GymDomain.domain == domain))


def all_gyms(session: TenantSession) -> Sequence[GymRow]:
    """Every gym that is not erased, by slug."""
    kept = select(GymRow).where(GymRow.status != GymStatus.ERASED)
    return session.scalars(kept.order_by(GymRow.slug)).all()


def domains_of(session: TenantSession, gym_id: UUID) -> list[str]:
    """The gym's own domains."""
    return list(
        session.scalars(
            select(GymDomain.domain)
            .where(GymDomain.gym_id == gym_id)
            .order_by(GymDomain.domain)
        )
    )


def toggles(session: TenantSession) -> dict[str, Toggle]:
    """What the session's gym stored about plugins, by plugin id, as it stands now."""
    rows = session.scalars(select(Toggle), execution_options=_AS_IT_STANDS)
    return {row.plugin_id: row for row in rows}


def chosen(
    toggles: Mapping[str, Toggle], quarantined: Iterable[str] = ()
) -> dict[str, bool]:
    """What was decided about plugins in a gym, by plugin id.

    Args:
        toggles: What the gym decided.
        quarantined: What the operator switched off whatever the gym decided.
    """
    decided = {
        plugin_id: toggle.enabled
        for plugin_id, toggle in toggles.items()
        if toggle.enabled is not None
    }
    return decided | dict.fromkeys(quarantined, False)


def quarantined(session: TenantSession) -> frozenset[str]:
    """Ids of the plugins that the operator switched off for every gym."""
    return frozenset(session.scalars(select(Quarantine.plugin_id)))


def plugin_settings(toggles: Mapping[str, Toggle]) -> dict[str, dict[str, Any]]:
    """What a gym stored as plugins' settings, in wire form, by plugin id."""
    return {plugin_id: toggle.settings for plugin_id, toggle in toggles.items()}


def settings(session: TenantSession) -> dict[str, GymSetting]:
    """What the session's gym stored as settings, by key, as it stands now."""
    rows = session.scalars(select(GymSetting), execution_options=_AS_IT_STANDS)
    return {row.key: row for row in rows}


def roles(session: TenantSession) -> dict[str, RoleRights]:
    """The roles that the session's gym added or changed, by name."""
    return {
        role.name: RoleRights(frozenset(role.permissions), RowScope(role.scope))
        for role in session.scalars(select(GymRole))
    }


def access_version(session: TenantSession, gym_id: UUID) -> int | None:
    """The gym's current version; None for a gym that was never completed."""
    return session.scalar(
        select(AccessVersion.version).where(AccessVersion.id == gym_id)
    )


def find_operator(
    session: TenantSession, operator_id: UUID, *, lock: bool = False
) -> Operator | None:
    """An operator, kept from changing until this transaction ends where wanted."""
    return session.get(
        Operator, operator_id, with_for_update=lock, populate_existing=True
    )


def find_operator_by_email(session: TenantSession, email: str) -> Operator | None:
    """An operator by address, regardless of case."""
    wanted = select(Operator).where(Operator.email_key == key_of(email.strip()))
    return session.scalar(wanted)


def operators(session: TenantSession) -> Sequence[Operator]:
    """Every operator, by address."""
    return session.scalars(select(Operator).order_by(Operator.email_key)).all()


def add_operator(session: TenantSession, operator: Operator) -> Operator | None:
    """Writes a new operator; None where the address is taken."""
    session.add(operator)
    try:
        session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            return None
        raise
    return operator


def raise_epoch(session: TenantSession) -> None:
    """Makes everything cached about every gym stale, at this session's commit."""
    first = insert(Epoch).values(id=1, version=1)
    session.connection().execute(
        first.on_conflict_do_update(
            index_elements=["id"], set_={"version": Epoch.version + 1}
        )
    )


def put_in_quarantine(session: TenantSession, plugin_id: str, reason: str) -> None:
    """Writes a plugin into the quarantine, or its reason anew."""
    row = session.get(Quarantine, plugin_id)
    if row is None:
        session.add(Quarantine(plugin_id=plugin_id, reason=reason))
    else:
        row.reason = reason
    session.flush()


def release(session: TenantSession, plugin_id: str) -> bool:
    """Takes a plugin out of the quarantine; False where it was not in it."""
    row = session.get(Quarantine, plugin_id)
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True


def quarantine(session: TenantSession) -> Sequence[Quarantine]:
    """Every plugin in quarantine, by id."""
    return session.scalars(select(Quarantine).order_by(Quarantine.plugin_id)).all()


def wake_everywhere(session: TenantSession, owners: Iterable[str]) -> int:
    """Makes the jobs due that waited in any gym because their plugin was off.

    Args:
        session: On the operator's connection, serving the nil gym.
        owners: Ids of the plugins.

    Returns:
        How many. Those of gyms that have the plugin off wait again when they are run.
    """
    of_these = or_(
        *(OutboxJob.kind.startswith(f"{one}.", autoescape=True) for one in owners)
    )
    waiting = update(OutboxJob).where(
        OutboxJob.state == JobState.PENDING,
        OutboxJob.last_error == PARKED_OFF,
        of_these,
    )
    # Below the session, whose statements see one gym only.
    return session.connection().execute(waiting.values(run_at=utc_now())).rowcount


def add_usage(session: TenantSession, counted: Mapping[tuple[UUID, date], int]) -> None:
    """Adds requests to the days of gyms; of a gym that is gone nothing is written."""
    if not counted:
        return
    known = set(session.scalars(select(GymRow.id)))
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
    known = set(session.scalars(select(GymRow.id)))
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
    requests, jobs = session.execute(
        select(
            func.coalesce(func.sum(UsageDay.requests), 0),
            func.coalesce(func.sum(UsageDay.jobs), 0),
        ).where(UsageDay.gym_id == gym_id, UsageDay.day.between(first, last))
    ).one()
    return int(requests), int(jobs)


def page_of_gyms(session: TenantSession, wanted: Mapping[str, Any]) -> Page:
    """One page of the registry, erased gyms left out unless they are asked for.

    Args:
        session: Any.
        wanted: ``page``, ``limit``, ``sort``, and perhaps ``status`` and ``q``, which
            is looked for in slugs and names.
    """
    status = wanted.get("status")
    statement = select(GymRow).where(
        GymRow.status == status if status else GymRow.status != GymStatus.ERASED
    )
    if wanted.get("q"):
        text = wanted["q"]
        statement = statement.where(
            or_(
                GymRow.slug.icontains(text, autoescape=True),
                GymRow.name.icontains(text, autoescape=True),
            )
        )
    return _page(session, statement, wanted, GymRow.id)


def page_of_log(session: TenantSession, wanted: Mapping[str, Any]) -> Page:
    """One page of what operators did, the newest first unless asked otherwise."""
    statement = select(OperatorEntry)
    if wanted.get("gym_id"):
        statement = statement.where(OperatorEntry.gym_id == wanted["gym_id"])
    return _page(session, statement, wanted, OperatorEntry.id)


def _page(
    session: TenantSession, statement: Any, wanted: Mapping[str, Any], last_key: Any
) -> Page:
    model = last_key.class_
    keys = [
        getattr(model, key.name).desc() if key.descending else getattr(model, key.name)
        for key in wanted["sort"]
    ]
    total = session.scalar(
        statement.with_only_columns(func.count(), maintain_column_froms=True)
    )
    limit = wanted["limit"]
    rows = session.scalars(
        statement.order_by(*keys, last_key)
        .limit(limit)
        .offset((wanted["page"] - 1) * limit)
    ).all()
    return Page(items=rows, page=wanted["page"], limit=limit, total=total or 0)


def forget_old_attempts(session: TenantSession) -> None:
    """Deletes old counts and old idempotency keys of the nil gym.

    Those are the operators'; the retention of gyms does not come by.
    """
    now = utc_now()
    last = AuthAttempt.last_at
    delete_where(session, AuthAttempt, last < now - FORGOTTEN_AFTER)
    delete_where(session, IdempotencyKey, IdempotencyKey.created_at < now - KEPT_FOR)


def erase_rows(session: TenantSession, gym_id: UUID, table: str, most: int) -> int:
    """Deletes up to so many rows of an erased gym from a table that only grows.

    No role may: a function of the owner's does it, which refuses every gym whose
    erasure was not begun.

    Returns:
        How many.
    """
    erased = select(func.tenants_erase_rows(gym_id, table, most))
    deleted: int = session.connection().execute(erased).scalar_one()
    return deleted


def forget_gym(session: TenantSession, gym_id: UUID) -> None:
    """Deletes what the registry keeps of a gym besides its row."""
    connection = session.connection()
    connection.execute(delete(GymExport).where(GymExport.gym_id == gym_id))
    connection.execute(delete(GymDomain).where(GymDomain.gym_id == gym_id))
    connection.execute(delete(UsageDay).where(UsageDay.gym_id == gym_id))


def erased_gyms(session: TenantSession) -> Sequence[UUID]:
    """Ids of the gyms whose erasure was begun, finished or not."""
    erased = select(GymRow.id).where(GymRow.status == GymStatus.ERASED)
    return session.scalars(erased.order_by(GymRow.id)).all()
