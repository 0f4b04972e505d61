"""Row scope: whose rows the actor reaches, expressed once.

A model names the column that holds the client's user id (``__client_column__``); that
is all a plugin does. Lists are narrowed, single rows outside the scope are refused
with 403. A model about the gym itself names none and is governed by permissions alone.

A row may also belong to a coach (``__staff_column__``), as an appointment in a coach's
calendar does: that coach reaches it even where the client is another coach's.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from core.access import Role, RowScope
from core.clock import utc_now
from core.context import current
from core.db.base import TenantModel
from core.db.compiled_writes import Deleting
from core.db.statement import Statement, given
from core.db.unit import session
from core.errors import Forbidden
from core.rbac.models import ClientGrant

BUILT_IN_SCOPE = {
    Role.ADMIN: RowScope.ALL,
    Role.TEAM: RowScope.ALL,
    Role.COACH: RowScope.GRANTED,
    Role.CLIENT: RowScope.OWN,
    Role.PARTNER: RowScope.GRANTED,
}


def _granted(
    value: Callable[[str], ColumnElement[Any]],
) -> Select[UUID]:
    return select(ClientGrant.client_id).where(
        ClientGrant.user_id == value("scope_holder"),
        or_(
            ClientGrant.expires_at.is_(None),
            ClientGrant.expires_at > value("scope_now"),
        ),
    )


_GRANT = Statement(
    _granted(given).where(ClientGrant.client_id == given("client_id")).limit(1)
)
_REVOKE = Deleting(
    ClientGrant,
    ClientGrant.user_id == given("user_id"),
    ClientGrant.client_id == given("client_id"),
    ClientGrant.source == given("source"),
)


def visible(model: type[TenantModel]) -> ColumnElement[bool]:
    """The predicate that narrows a list of ``model`` to what the actor reaches."""
    values = scope_values()
    return scoped(
        model, current().actor.scope, lambda name: bindparam(None, values[name])
    )


def scoped(
    model: type[TenantModel],
    scope: RowScope,
    value: Callable[[str], ColumnElement[Any]] = given,
) -> ColumnElement[bool]:
    """The predicate of a scope.

    A statement that is compiled once leaves ``value`` out and is given
    ``scope_values()`` when it runs. Without an id the predicate is never true: no
    column equals NULL.
    """
    if model.__client_column__ is None or scope is RowScope.ALL:
        return true()
    actor = value("scope_actor")
    column: InstrumentedAttribute[Any] = getattr(model, model.__client_column__)
    if scope is RowScope.OWN:
        return column == actor
    mine = [column == actor]
    if model.__staff_column__ is not None:
        mine.append(getattr(model, model.__staff_column__) == actor)
    return or_(*mine, column.in_(_granted(value)))


def scope_values() -> dict[str, Any]:
    """What ``scoped`` is given: who acts, and when."""
    actor = current().actor
    return {
        "scope_actor": actor.user_id,
        "scope_holder": actor.holder_id,
        "scope_now": utc_now(),
    }


def reaches_client(client_id: UUID) -> bool:
    """Says whether rows about ``client_id`` are within the actor's reach."""
    actor = current().actor
    scope = actor.scope
    if scope is RowScope.ALL:
        return True
    if actor.user_id is not None and client_id == actor.user_id:
        return True
    if scope is RowScope.OWN:
        return False
    found = session().read(_GRANT, client_id=client_id, **scope_values())
    return bool(found)


def require_client(client_id: UUID) -> None:
    """Refuses unless rows about ``client_id`` are within reach.

    Raises:
        Forbidden: They are not.
    """
    if not reaches_client(client_id):
        raise Forbidden("This client is not yours to see.")


def require_row(row: TenantModel) -> None:
    """Refuses a row outside the actor's reach.

    Raises:
        Forbidden: The row is about a client whom the actor does not reach.
    """
    require_columns(type(row), row)


def require_columns(model: type[TenantModel], row: Any) -> None:
    """Refuses columns of a row outside the actor's reach.

    Args:
        model: Whose row it is.
        row: Has the columns that name the client and the coach.

    Raises:
        Forbidden: The row is about a client whom the actor does not reach.
    """
    if model.__client_column__ is not None and not _is_theirs(model, row):
        require_client(getattr(row, model.__client_column__))


def _is_theirs(model: type[TenantModel], row: Any) -> bool:
    """Says whether the row belongs to the actor as the coach it names."""
    actor = current().actor
    return (
        actor.scope is RowScope.GRANTED
        and actor.user_id is not None
        and model.__staff_column__ is not None
        and getattr(row, model.__staff_column__) == actor.user_id
    )


def grant(
    *,
    user_id: UUID,
    client_id: UUID,
    source: str,
    expires_at: datetime | None = None,
) -> None:
    """Lets ``user_id`` reach the rows about ``client_id`` until ``expires_at``.

    An API key is given clients under its own id.
    """
    revoke(user_id=user_id, client_id=client_id, source=source)
    session().add(
        ClientGrant(
            user_id=user_id, client_id=client_id, source=source, expires_at=expires_at
        )
    )
    session().flush()


def revoke(*, user_id: UUID, client_id: UUID, source: str) -> None:
    """Takes back what ``source`` granted."""
    _REVOKE.run(session(), user_id=user_id, client_id=client_id, source=source)
