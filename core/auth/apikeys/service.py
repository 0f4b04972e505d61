"""Making, listing and revoking API keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core.access import RowScope
from core.auth.apikeys import text
from core.auth.apikeys.errors import (
    ApiKeyExpiry,
    ApiKeyLimit,
    ApiKeyPeopleOnly,
    ApiKeyTooStrong,
)
from core.auth.apikeys.repository import KeyStatus, api_keys
from core.auth.models import ApiKey
from core.auth.repository import users
from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.db.versions import bump
from core.errors import NotFound, Unprocessable
from core.http.page import Page
from core.ids import new_id
from core.rbac.errors import PermissionUnknown
from core.rbac.roles import Roles, covers

LONGEST: Final = timedelta(days=730)
"""How far ahead a key may end, which is also when it ends unless told otherwise."""
MAX_KEYS: Final = 100
"""Keys of one gym that work at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What a key shall be.

    Attributes:
        name: As people call it.
        permissions: What it may do.
        scope: ``ALL``, or ``GRANTED`` for the given clients.
        client_ids: Whose rows it reaches when its scope is ``GRANTED``.
        expires_at: When it ends; None for as late as possible.
    """

    name: str
    permissions: Sequence[str]
    scope: RowScope
    client_ids: Sequence[UUID] = ()
    expires_at: datetime | None = None


def create_key(roles: Roles, wanted: NewKey) -> dict[str, Any]:
    """Makes a key; the answer alone holds its secret.

    Raises:
        PermissionUnknown: A permission does not exist in this gym.
        ApiKeyPeopleOnly: A permission is never given to a key.
        ApiKeyTooStrong: The caller holds less than the key would.
        ApiKeyExpiry: It would end in the past or too late.
        ApiKeyLimit: The gym has too many.
        Unprocessable: Scope and clients do not fit each other.
        NotFound: One of the clients does not exist.
        Forbidden: One of the clients is not within the caller's reach.
    """
    now, key_id = utc_now(), new_id()
    permissions = sorted(set(wanted.permissions))
    _require_allowed(roles, permissions, wanted.scope)
    clients = _reached(wanted)
    if api_keys.count_active(now) >= MAX_KEYS:
        raise ApiKeyLimit
    written = text.make(session().require_tenant(), key_id)
    row = api_keys.add(
        ApiKey(
            id=key_id,
            name=wanted.name,
            digest=text.digest_of(written),
            permissions=permissions,
            scope=wanted.scope.value,
            created_by=current().actor.user_id,
            created_at=now,
            expires_at=_end(wanted.expires_at, now),
        )
    )
    api_keys.give(key_id, clients)
    bump(session(), key_id)
    return {**_view(row, clients, now), "key": written}


def list_keys(wanted: Mapping[str, Any]) -> Page:
    """Reads one page of keys; see ``ApiKeys.listed``."""
    now = utc_now()
    page = api_keys.listed(wanted, now)
    clients = api_keys.clients_of(row.id for row in page.items)
    shown = [_view(row, clients.get(row.id, ()), now) for row in page.items]
    return replace(page, items=shown)


def revoke_key(key_id: UUID) -> None:
    """Ends a key, in every process from the next request on.

    Raises:
        NotFound: There is no such key, or it was revoked before.
    """
    row = api_keys.get(key_id, lock=True)
    if row.revoked_at is not None:
        raise NotFound
    row.revoked_at = utc_now()
    api_keys.take(key_id)
    bump(session(), key_id)


def _require_allowed(roles: Roles, permissions: list[str], scope: RowScope) -> None:
    here = current()
    known = roles.catalogue(here.require_gym())
    unknown = [name for name in permissions if name not in known]
    if unknown:
        raise PermissionUnknown(details={"permissions": unknown})
    refused = [name for name in permissions if known[name].people_only]
    if refused:
        raise ApiKeyPeopleOnly(details={"permissions": refused})
    if not covers(here.actor, permissions, scope):
        raise ApiKeyTooStrong


def _reached(wanted: NewKey) -> list[UUID]:
    """The clients that the key is given, each within the caller's own reach."""
    if (wanted.scope is RowScope.GRANTED) != bool(wanted.client_ids):
        raise Unprocessable("Give clientIds with the scope granted, and only then.")
    clients = sorted(set(wanted.client_ids))
    for client_id in clients:
        users.get(client_id)
    return clients


def _end(wanted: datetime | None, now: datetime) -> datetime:
    latest = now + LONGEST
    if wanted is None:
        return latest
    if not now < wanted <= latest:
        raise ApiKeyExpiry
    return wanted


def _view(row: ApiKey, clients: Sequence[UUID], now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "prefix": text.prefix_of(row.id),
        "permissions": row.permissions,
        "scope": row.scope,
        "client_ids": list(clients),
        "status": _status(row, now),
        "created_by": row.created_by,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
    }


def _status(row: ApiKey, now: datetime) -> KeyStatus:
    if row.revoked_at is not None:
        return KeyStatus.REVOKED
    return KeyStatus.ACTIVE if row.expires_at > now else KeyStatus.EXPIRED
