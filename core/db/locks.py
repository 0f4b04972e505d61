"""Locks on things that have an id, held until the unit of work ends."""

import hashlib
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from core.db.session import TenantSession
from core.db.statement import Compiled

_KEY = bindparam("key", type_=BigInteger)
_KEYS = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).column_valued("key")
# In the order of the list: the server takes a lock for each row as it comes.
_WAIT = Compiled(select(func.pg_advisory_xact_lock(_KEYS)))
_TRY = Compiled(select(func.pg_try_advisory_xact_lock(_KEY)))


def lock_ids(session: TenantSession, *ids: UUID) -> None:
    """Takes ``ids`` for this unit of work; waits while another one of the gym has any.

    Always in the same order, so that two who want the same ids do not wait for each
    other. Only those who call this wait; rows are not touched. A unit of work that
    takes ids in several calls gives that promise up.

    Raises:
        sqlalchemy.exc.DBAPIError: The lock time-out ran out (answered as 409).
    """
    tenant = session.require_tenant().bytes
    keys = sorted({_number(tenant + one.bytes) for one in ids})
    session.run(_WAIT, {"keys": keys})


def try_lock(session: TenantSession, key: int) -> bool:
    """Takes a number for this unit of work; False at once when another one has it.

    Args:
        session: Of this unit of work.
        key: A signed 64-bit number; no other use of locks may come to the same.
    """
    return bool(session.run(_TRY, {"key": key})[0][0])


def _number(raw: bytes) -> int:
    """A signed 64-bit number, which is what PostgreSQL's advisory locks go by."""
    return int.from_bytes(hashlib.sha256(b"id:" + raw).digest()[:8], signed=True)
