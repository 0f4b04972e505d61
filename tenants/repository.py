"""All reads of the registry's tables, of any gym or of the session's own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core.access import RowScope
from core.auth.account_models import AuthAttempt
from core.auth.attempts import FORGOTTEN_AFTER
from core.auth.emails import key_of
from core.clock import utc_now
from core.context import RoleRights
from core.db.compiled_writes import Deleting
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.versions import AccessVersion
from core.http.idempotency import KEPT_FOR, IdempotencyKey
from core.http.ordering import in_order
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

_GYM = Statement(select(GymRow).where(GymRow.id == given("id")))
_ID_BY_SLUG = Statement(select(GymRow.id).where(GymRow.slug == given("slug")))
_ID_BY_DOMAIN = Statement(
    select(GymDomain.gym_id).where(GymDomain.domain == given("domain"))
)
_GYMS = Statement(
    select(GymRow).where(GymRow.status != GymStatus.ERASED.value).order_by(GymRow.slug)
)
_ERASED_GYMS = Statement(
    select(GymRow.id).where(GymRow.status == GymStatus.ERASED.value).order_by(GymRow.id)
)
_DOMAINS = Statement(
    select(GymDomain.domain)
    .where(GymDomain.gym_id == given("gym_id"))
    .order_by(GymDomain.domain)
)
# A row that this session read before it waited for a lock may have changed since.
_TOGGLES = Statement(select(Toggle), refresh=True)
_SETTINGS = Statement(select(GymSetting), refresh=True)
_ROLES = Statement(select(GymRole.name, GymRole.permissions, GymRole.scope))
_VERSION = Statement(
    select(AccessVersion.version).where(AccessVersion.id == given("id"))
)
_OPERATOR_BY_EMAIL = Statement(
    select(Operator).where(Operator.email_key == given("key"))
)
_OPERATORS = Statement(select(Operator).order_by(Operator.email_key))
_QUARANTINE = Statement(select(Quarantine).order_by(Quarantine.plugin_id))
_QUARANTINED = Statement(select(Quarantine.plugin_id))
_FORGET_ATTEMPTS = Deleting(AuthAttempt, AuthAttempt.last_at < given("before"))
_FORGET_KEYS = Deleting(IdempotencyKey, IdempotencyKey.created_at < given("before"))


def find_gym(session: TenantSession, gym_id: UUID) -> GymRow | None:
    """The registry's row of a gym."""
    found: GymRow | None = session.read_one(_GYM, id=gym_id)
    return found


def lock_gym(session: TenantSession, gym_id: UUID) -> GymRow | None:
    """The row, kept from changing until this transaction ends."""
    return session.get(GymRow, gym_id, with_for_update=True, populate_existing=True)


def find_id_by_slug(session: TenantSession, slug: str) -> UUID | None:
    """The id of the gym with this slug."""
    found: UUID | None = session.read_value(_ID_BY_SLUG, slug=slug)
    return found


def find_id_by_domain(session: TenantSession, domain: str) -> UUID | None:
    """The id of the gym that this domain leads to."""
    found: UUID | None = session.read_value(_ID_BY_DOMAIN, domain=domain)
    return found


def all_gyms(session: TenantSession) -> Sequence[GymRow]:
    """Every gym that is not erased, by slug."""
    return session.read(_GYMS)


def domains_of(session: TenantSession, gym_id: UUID) -> list[str]:
    """The gym's own domains."""
    return [row.domain for row in session.read(_DOMAINS, gym_id=gym_id)]


def toggles(session: TenantSession) -> dict[str, Toggle]:
    """What the session's gym stored about plugins, by plugin id, as it stands now."""
    return {row.plugin_id: row for row in session.read(_TOGGLES)}


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
    return frozenset(row.plugin_id for row in session.read(_QUARANTINED))


def plugin_settings(toggles: Mapping[str, Toggle]) -> dict[str, dict[str, Any]]:
    """What a gym stored as plugins' settings, in wire form, by plugin id."""
    return {plugin_id: toggle.settings for plugin_id, toggle in toggles.items()}


def settings(session: TenantSession) -> dict[str, GymSetting]:
    """What the session's gym stored as settings, by key, as it stands now."""
    return {row.key: row for row in session.read(_SETTINGS)}


def roles(session: TenantSession) -> dict[str, RoleRights]:
    """The roles that the session's gym added or changed, by name."""
    return {
        role.name: RoleRights(frozenset(role.permissions), RowScope(role.scope))
        for role in session.read(_ROLES)
    }


def access_version(session: TenantSession, gym_id: UUID) -> int | None:
    """The gym's current version; None for a gym that was never completed."""
    found: int | None = session.read_value(_VERSION, id=gym_id)
    return found


def find_operator(
    session: TenantSession, operator_id: UUID, *, lock: bool = False
) -> Operator | None:
    """An operator, kept from changing until this transaction ends where wanted."""
    return session.get(
        Operator, operator_id, with_for_update=lock, populate_existing=True
    )


def find_operator_by_email(session: TenantSession, email: str) -> Operator | None:
    """An operator by address, regardless of case."""
    key = key_of(email.strip())
    found: Operator | None = session.read_one(_OPERATOR_BY_EMAIL, key=key)
    return found


def operators(session: TenantSession) -> Sequence[Operator]:
    """Every operator, by address."""
    return session.read(_OPERATORS)


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
    return session.read(_QUARANTINE)


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
    sort = wanted["sort"]
    columns = {key.name: getattr(model, key.name) for key in sort}
    total = session.scalar(
        statement.with_only_columns(func.count(), maintain_column_froms=True)
    )
    limit = wanted["limit"]
    rows = session.scalars(
        statement.order_by(*in_order(sort, columns, last_key))
        .limit(limit)
        .offset((wanted["page"] - 1) * limit)
    ).all()
    return Page(items=rows, page=wanted["page"], limit=limit, total=total or 0)


def forget_old_attempts(session: TenantSession) -> None:
    """Deletes old counts and old idempotency keys of the nil gym.

    Those are the operators'; the retention of gyms does not come by.
    """
    now = utc_now()
    _FORGET_ATTEMPTS.run(session, before=now - FORGOTTEN_AFTER)
    _FORGET_KEYS.run(session, before=now - KEPT_FOR)


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
    return [row.id for row in session.read(_ERASED_GYMS)]
