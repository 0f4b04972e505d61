"""A key for each person, wrapped by the master, destroyed when the person is erased.

Keys for sealing are kept in the process for a few minutes: an entry that another
process seals with a key destroyed in the meantime can be read by nobody. Keys for
reading are asked of the database every time, so a destroyed one is gone at once.
"""

import secrets
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, cast, event, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.audit.models import PERSON_KEYS, PersonKey
from core.clock import utc_now
from core.config.vault import Vault
from core.db.compiled_writes import Updating
from core.db.guard import TENANT_BIND
from core.db.session import TenantSession
from core.db.statement import Compiled, Statement, among, given
from core.db.writes import insert_new

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32

_KEPT_S: Final = 300.0
_MAX_KEPT: Final = 20_000
_AT_ONCE: Final = 500
_TRIES: Final = 3
_PENDING: Final = "core.audit.person_keys"

_KEYS = Statement(
    select(PersonKey.id, PersonKey.wrapped).where(among(PersonKey.id, "people"))
)

_DESTROY = Updating(
    PersonKey,
    PersonKey.id == given("person"),
    values={"wrapped": None, "destroyed_at": given("now")},
)


def _fetching() -> Compiled:
    """Reads the keys of people, and writes one for each who has none yet."""
    gym = cast(bindparam(TENANT_BIND), PersonKey.tenant_id.type)
    people, wrapped = (
        bindparam(name, type_=ARRAY(column.type))
        for name, column in (("people", PersonKey.id), ("keys", PersonKey.wrapped))
    )
    now = bindparam("now", type_=PersonKey.created_at.type)
    columns = (PersonKey.id, PersonKey.wrapped)
    made = (
        insert(PersonKey)
        .from_select(
            ["tenant_id", "id", "wrapped", "created_at"],
            select(gym, func.unnest(people), func.unnest(wrapped), now),
        )
        .on_conflict_do_nothing()
        .returning(*columns)
        .cte("made")
    )
    known = select(*columns).where(
        PersonKey.tenant_id == gym, among(PersonKey.id, "people")
    )
    return Compiled(union_all(select(made), known))


_FETCH = _fetching()

Keys = dict[UUID, bytes | None]
"""User → key; None for a destroyed one."""


class PersonKeys:
    """Makes, keeps, gives and destroys the keys of people.

    Args:
        vault: Wraps the keys.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._kept: dict[tuple[UUID, UUID], tuple[float, bytes | None]] = {}
        self._lock = threading.Lock()

    def for_sealing(self, session: TenantSession, people: Collection[UUID]) -> Keys:
        """The keys of people, made where they have none yet.

        Costs nothing for people this process has sealed for lately, else one
        statement. Goes below the session, so that a flush may call it.
        """
        tenant_id = session.require_tenant()
        pending = _pending(session, self)
        found: Keys = {}
        now = time.monotonic()
        for person in people:
            kept = self._kept.get((tenant_id, person))
            if person in pending:
                found[person] = pending[person]
            elif kept is not None and kept[0] > now:
                found[person] = kept[1]
        missing = sorted(set(people) - found.keys())
        for start in range(0, len(missing), _AT_ONCE):
            fetched = self._fetch_or_make(session, missing[start : start + _AT_ONCE])
            pending.update(fetched)
            found.update(fetched)
        return found

    def for_reading(
        self, session: TenantSession, people: Collection[UUID]
    ) -> Mapping[UUID, bytes]:
        """The keys of those people who have one, in one statement."""
        if not people:
            return {}
        rows = session.read(_KEYS, people=list(people))
        keys = self._unwrapped(session.require_tenant(), rows)
        return {person: key for person, key in keys.items() if key is not None}

    def destroy(self, session: TenantSession, person: UUID) -> None:
        """Destroys a person's key, for good; safe to do again.

        Comes last in an erasure: what is written about the person afterwards keeps no
        personal value.
        """
        now = utc_now()
        gone = {"id": person, "wrapped": None, "destroyed_at": now}
        if not _DESTROY.run(session, person=person, now=now) and not insert_new(
            session, PersonKey, [gone]
        ):
            _DESTROY.run(session, person=person, now=now)
        _pending(session, self)[person] = None
        self.keep(session.require_tenant(), {person: None})

    def keep(self, tenant_id: UUID, keys: Keys) -> None:
        """Remembers keys that are committed."""
        until = time.monotonic() + _KEPT_S
        with self._lock:
            if len(self._kept) + len(keys) > _MAX_KEPT:
                self._kept.clear()
            for person, key in keys.items():
                self._kept[tenant_id, person] = (until, key)

    def _fetch_or_make(self, session: TenantSession, people: Collection[UUID]) -> Keys:
        """One statement, a second one only where another transaction made a key."""
        found: Keys = {}
        for _ in range(_TRIES):
            found |= self._asked(session, [one for one in people if one not in found])
            if len(found) == len(people):
                return found
        raise LookupError("The key of a person can be neither read nor made.")

    def _asked(self, session: TenantSession, people: list[UUID]) -> Keys:
        tenant_id = session.require_tenant()
        keys = [
            self._wrap(tenant_id, person, secrets.token_bytes(KEY_BYTES))
            for person in people
        ]
        values = {TENANT_BIND: tenant_id, "people": people, "keys": keys}
        session.writes()
        rows = session.run(_FETCH, {**values, "now": utc_now()}, flush=False)
        return self._unwrapped(tenant_id, rows)

    def _unwrapped(self, tenant_id: UUID, rows: Iterable[Any]) -> Keys:
        return {
            person: None
            if wrapped is None
            else self._unwrap(tenant_id, person, wrapped)
            for person, wrapped in rows
        }

    def _wrap(self, tenant_id: UUID, person: UUID, key: bytes) -> bytes:
        bound = tenant_id.bytes + person.bytes
        return self._vault.seal(key, purpose=PERSON_KEYS, bound_to=bound)

    def _unwrap(self, tenant_id: UUID, person: UUID, wrapped: bytes) -> bytes:
        """Unwraps a key.

        Raises:
            SealBroken: Its master key is not among ours.
        """
        bound = tenant_id.bytes + person.bytes
        return self._vault.open(wrapped, purpose=PERSON_KEYS, bound_to=bound)


def _pending(session: TenantSession, keeper: PersonKeys) -> Keys:
    """Keys seen in this transaction; they are kept when it is committed.

    A key that was made in a transaction which is rolled back is in no table, and
    must not seal anything in the next one.
    """
    pending: Keys = session.info.setdefault(_PENDING, (keeper, {}))[1]
    return pending


@event.listens_for(TenantSession, "after_commit")
def _committed(session: TenantSession) -> None:
    if session.in_nested_transaction() or _PENDING not in session.info:
        return
    keeper, keys = session.info.pop(_PENDING)
    keeper.keep(session.require_tenant(), keys)


@event.listens_for(TenantSession, "after_soft_rollback")
def _rolled_back(session: TenantSession, _previous: object) -> None:
    session.info.pop(_PENDING, None)
