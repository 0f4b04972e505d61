"""The unit of work: one transaction, one gym, committed once.

Requests, jobs and commands all run inside ``UnitOfWork.run``. Code below reaches the
session through ``session()``; it flushes and never commits.
"""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import TypeVar
from uuid import UUID

import psycopg
import structlog
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from core.db.driver import is_outdated
from core.db.seldom import Seldom
from core.db.session import Isolation, Recorder, TenantSession
from core.errors import Unavailable

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

# In an outage every request would write the same line.
_reconnecting = Seldom(10)

_session: ContextVar[TenantSession | None] = ContextVar("db_session", default=None)

MAX_ATTEMPTS = 4
"""How often a unit of work is tried when it loses against a concurrent one."""


def session() -> TenantSession:
    """Returns the session of this unit of work.

    Raises:
        LookupError: No unit of work is open.
    """
    current = _session.get()
    if current is None:
        raise LookupError("No unit of work is open here.")
    return current


def session_or_none() -> TenantSession | None:
    """Returns the session, or None outside every unit of work."""
    return _session.get()


class UnitOfWork:
    """Opens sessions on one engine and runs work inside them.

    Args:
        engine: Gives the connections.
        recorder: Told of every change of an audited row.
        epoch: See ``TenantSession``.
    """

    def __init__(
        self,
        engine: Engine,
        recorder: Recorder | None = None,
        *,
        epoch: str | None = None,
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self._epoch = epoch

    def open(
        self,
        tenant_id: UUID | None,
        *,
        probe: tuple[UUID, ...] = (),
        isolation: Isolation = "READ COMMITTED",
    ) -> AbstractContextManager[TenantSession]:
        """A block that is one transaction: commits at its end, or rolls back.

        What opens the transaction is sent as the block begins, so that a dead pooled
        connection is replaced before any work was done on it.
        """
        return _Unit(lambda: self._begin(tenant_id, probe, isolation))

    def run(
        self,
        work: Callable[[TenantSession], Result],
        *,
        tenant_id: UUID | None,
        probe: tuple[UUID, ...] = (),
        isolation: Isolation = "READ COMMITTED",
    ) -> Result:
        """Runs ``work`` in a transaction, again when it lost against another.

        Serialization failures and deadlocks are tried ``MAX_ATTEMPTS`` times in all,
        with a short random pause; ``work`` must not have effects elsewhere.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                with self.open(tenant_id, probe=probe, isolation=isolation) as opened:
                    return work(opened)
            except DBAPIError as error:
                if attempt == MAX_ATTEMPTS or not lost_to_another(error):
                    raise
                log.info("unit.retried", attempt=attempt)
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311
        raise AssertionError("unreachable")

    def _begin(
        self, tenant_id: UUID | None, probe: tuple[UUID, ...], isolation: Isolation
    ) -> TenantSession:
        """Opens a session, replacing dead pooled connections once."""
        for last in (False, True):
            opened = TenantSession(
                self._engine,
                tenant_id=tenant_id,
                probe=probe,
                isolation=isolation,
                recorder=self._recorder,
                epoch=self._epoch,
            )
            try:
                opened.start()
            except (psycopg.OperationalError, DBAPIError) as error:
                opened.close()
                if last:
                    raise Unavailable from error
                if _reconnecting.passes():
                    log.warning("db.reconnecting", reason=type(error).__name__)
                self._engine.dispose()
            else:
                return opened
        raise AssertionError("unreachable")


class _Unit(AbstractContextManager[TenantSession]):
    """One unit of work; a class, as a generator costs every request 10 µs more."""

    __slots__ = ("_begin", "_opened", "_token")

    def __init__(self, begin: Callable[[], TenantSession]) -> None:
        self._begin = begin

    @override
    def __enter__(self) -> TenantSession:
        self._opened = opened = self._begin()
        self._token = _session.set(opened)
        return opened

    @override
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        opened = self._opened
        try:
            if kind is None:
                _commit(opened)
            else:
                opened.rollback()
        finally:
            _session.reset(self._token)
            opened.close()


def _commit(opened: TenantSession) -> None:
    try:
        opened.commit()
    except BaseException:
        opened.rollback()
        raise


def lost_to_another(error: DBAPIError) -> bool:
    """Says whether the transaction may succeed when it is run again."""
    cause = error.orig
    if isinstance(cause, SerializationFailure | DeadlockDetected):
        return True
    return isinstance(cause, psycopg.Error) and is_outdated(cause)
