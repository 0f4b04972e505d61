"""All SQL on API keys."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.auth.models import ApiKey
from core.db.compiled_writes import Deleting, Updating
from core.db.statement import Statement, among, given
from core.db.writes import insert_new
from core.http.page import Page
from core.ids import new_id
from core.rbac.listing import Listing
from core.rbac.models import ClientGrant
from core.rbac.repository import Repository

SOURCE: Final = "api_key"
"""Under this name a key is given its clients."""


class KeyStatus(StrEnum):
    """Whether a key works."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


_IN_TIME = ApiKey.expires_at > given("now")
_STATES: Mapping[str, ColumnElement[bool]] = {
    KeyStatus.REVOKED.value: ApiKey.revoked_at.is_not(None),
    KeyStatus.ACTIVE.value: and_(ApiKey.revoked_at.is_(None), _IN_TIME),
    KeyStatus.EXPIRED.value: and_(ApiKey.revoked_at.is_(None), ~_IN_TIME),
}
_KEYS = Listing(select(ApiKey), {**_STATES, "not_revoked": ApiKey.revoked_at.is_(None)})
_ACTIVE = Statement(
    select(func.count(ApiKey.id)).where(_STATES[KeyStatus.ACTIVE.value])
)

_CLIENTS = Statement(
    select(ClientGrant.user_id, ClientGrant.client_id)
    .where(among(ClientGrant.user_id, "keys"), ClientGrant.source == SOURCE)
    .order_by(ClientGrant.client_id)
)
_TAKE = Deleting(
    ClientGrant, ClientGrant.user_id == given("key_id"), ClientGrant.source == SOURCE
)
_USED = Updating(
    ApiKey,
    ApiKey.id == given("key_id"),
    or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < given("before")),
    values={"last_used_at": given("now")},
)


class ApiKeys(Repository[ApiKey]):
    """API keys and the clients they reach."""

    model = ApiKey
    sorts = {
        "name": ApiKey.name,
        "created_at": ApiKey.created_at,
        "expires_at": ApiKey.expires_at,
        "last_used_at": ApiKey.last_used_at,
    }

    def listed(self, wanted: Mapping[str, Any], now: datetime) -> Page:
        """Reads one page of keys; those of no given status that are not revoked."""
        state = wanted.get("status") or "not_revoked"
        return self.page(
            _KEYS,
            {state: True, "now": now},
            page=wanted["page"],
            limit=wanted["limit"],
            sort=wanted["sort"],
        )

    def count_active(self, now: datetime) -> int:
        """How many keys work."""
        return self.session.read_value(_ACTIVE, now=now) or 0

    def clients_of(self, keys: Iterable[UUID]) -> dict[UUID, list[UUID]]:
        """The clients that each key was given."""
        found: dict[UUID, list[UUID]] = defaultdict(list)
        for key_id, client_id in self.session.read(_CLIENTS, keys=list(keys)):
            found[key_id].append(client_id)
        return found

    def give(self, key_id: UUID, clients: Iterable[UUID]) -> None:
        """Lets a key reach the rows about ``clients``."""
        rows = [
            {
                "id": new_id(),
                "user_id": key_id,
                "client_id": client_id,
                "source": SOURCE,
            }
            for client_id in clients
        ]
        insert_new(self.session, ClientGrant, rows)

    def take(self, key_id: UUID) -> None:
        """Takes all its clients from a key."""
        _TAKE.run(self.session, key_id=key_id)

    def used(self, key_id: UUID, now: datetime, interval: timedelta) -> None:
        """Notes a use, unless one was noted within ``interval``."""
        _USED.run(self.session, key_id=key_id, now=now, before=now - interval)


api_keys = ApiKeys()
