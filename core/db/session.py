"""The session that serves exactly one gym.

Three guards live here; the database repeats each of them (row level security):

* a transaction opens with ``BEGIN`` and ``app.tenant_id`` in one flight, and a
  session without a gym refuses before any SQL leaves the process;
* every SELECT gets an explicit ``tenant_id =`` predicate, and statements the guard
  cannot see through (text, Core, bulk writes) are refused;
* a flush stamps new rows and refuses rows of another gym.

A session holds one connection from its opening to its end. Statements that were
compiled before (``core.db.statement``) go to the driver directly; all others, and
flushes, go through SQLAlchemy on the same connection and in the same transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, cast
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    SessionTransaction,
    UOWTransaction,
)
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.pool import PoolProxiedConnection
from typing_extensions import override

from core.db import driver
from core.db.base import TenantModel
from core.db.change import Change
from core.db.entities import entity_of
from core.db.guard import TENANT_BIND, TenancyError, in_this_gym
from core.db.opening import opening, versions_in
from core.db.parting import Parting
from core.db.statement import Compiled, Statement

Isolation = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

SEES_ITS_GYM = "core.db.writes"
"""Execution option set by ``core.db.writes``, whose statements scope themselves."""


class Recorder(Protocol):
    """Whoever keeps the record of changes."""

    def record(self, session: "TenantSession", changes: Sequence[Change]) -> None:
        """Writes ``changes`` in the session's own transaction."""


class TenantSession(Session):
    """A unit of work's session, bound to one gym for its whole life.

    Attributes:
        tenant_id: The gym; None gives a session that reads shared tables only.
        versions: What the opening probe returned: subject id → access version.
        recorder: Told of every change of an audited row.
        epoch: Table of one row whose ``version`` counts for every gym; the probe adds
            it to what it reads. None where there is none.
        parting: What is sent with the commit, or before a statement that names its
            table. See ``core.db.writes.append``.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        tenant_id: UUID | None,
        probe: tuple[UUID, ...] = (),
        isolation: Isolation = "READ COMMITTED",
        recorder: Recorder | None = None,
        epoch: str | None = None,
    ) -> None:
        super().__init__(expire_on_commit=False)
        self.recorder = recorder
        self._engine = engine
        self._epoch = epoch
        self._tenant_id = tenant_id
        self._probe = probe
        self._isolation = isolation
        self._pooled: PoolProxiedConnection | None = None
        self._connected: Connection | None = None
        self.versions: Mapping[UUID, int] = {}
        self.parting = Parting()

    @property
    def tenant_id(self) -> UUID | None:
        """The gym this session serves; it never changes."""
        return self._tenant_id

    @property
    def engine(self) -> Engine:
        """What gives the connection, and knows the installation's services."""
        return self._engine

    def require_tenant(self) -> UUID:
        """Returns the gym.

        Raises:
            TenancyError: The session serves no gym.
        """
        if self._tenant_id is None:
            raise TenancyError("This session serves no gym; no SQL was sent.")
        return self._tenant_id

    def start(self) -> None:
        """Takes a connection, begins the transaction and reads the versions.

        Raises:
            psycopg.Error: The server refused, or is away; so does the pool, with
                SQLAlchemy's ``DBAPIError``, where it cannot connect.
        """
        pooled = self._engine.raw_connection()
        begin = f"BEGIN ISOLATION LEVEL {self._isolation}".encode()
        try:
            statements = opening(self._tenant_id, self._probe, self._epoch)
            found = _driver_of(pooled).open(begin, statements)
        except BaseException as error:
            # Whatever it was: nobody knows what is still under way on it.
            pooled.invalidate(error)
            pooled.close()
            raise
        self._pooled = pooled
        if self._isolation == "SERIALIZABLE":
            self.writes()  # what it read may be refused at its end
        if self._probe and found is not None:
            self.versions = versions_in(found)

    def read(self, statement: Statement, **values: Any) -> list[Any]:
        """Runs a compiled SELECT; returns its rows, or the objects it selects.

        Args:
            statement: What to read.
            values: One for each ``given`` in it.

        Raises:
            TenancyError: It reads rows of gyms, and this session serves none.
            DBAPIError: The database refused.
        """
        return self._made(statement, self._rows(statement, values))

    def read_beside(
        self, statement: Statement, **values: Any
    ) -> tuple[list[Any], Any | None]:
        """Runs a compiled SELECT that has one more column beside what it selects.

        Returns:
            Its rows or objects, and that column's value in the first row; None where
            there is no row.
        """
        rows = self._rows(statement, values)
        return self._made(statement, rows), rows[0][-1] if rows else None

    def _rows(self, statement: Statement, values: dict[str, Any]) -> list[Any]:
        compiled = statement.compiled
        if statement.of_gym:
            values[TENANT_BIND] = self.require_tenant()
        return self.run(compiled, values)

    def _made(self, statement: Statement, rows: list[Any]) -> list[Any]:
        """The objects of the rows, where the statement selects a mapped class."""
        mapper = statement.mapper
        if mapper is None:
            return rows
        keys, refresh = statement.keys, statement.refresh
        return [entity_of(self, mapper, keys, row, refresh=refresh) for row in rows]

    def read_one(self, statement: Statement, **values: Any) -> Any:
        """Runs a compiled SELECT; returns its first row, or None."""
        rows = self.read(statement, **values)
        return rows[0] if rows else None

    def read_value(self, statement: Statement, **values: Any) -> Any:
        """Runs a compiled SELECT; returns the first value of its first row, or None."""
        rows = self.read(statement, **values)
        return rows[0][0] if rows else None

    def run(
        self, compiled: Compiled, values: Mapping[str, Any], *, flush: bool = True
    ) -> list[Any]:
        """Runs a compiled statement, after what the session has yet to write.

        For ``core.db``: nothing here looks whether it keeps to the gym.

        Args:
            compiled: What to run.
            values: One for each parameter.
            flush: False within a flush.

        Raises:
            DBAPIError: The database refused.
        """
        if flush:
            self.flush()
        pooled, prepared = self._pooled or self.require_begun(), compiled.prepared
        if any(map(prepared.text.__contains__, self.parting.tables)):
            self.send_parting()
        if self.in_nested_transaction():
            super().connection()  # sets the savepoint, which waits for the first use
        connection = _driver_of(pooled)
        try:
            return connection.run(prepared, compiled.fill(values), compiled.make_row)
        except psycopg.Error as error:
            if connection.broken:
                pooled.invalidate(error)
            raise _told(prepared.text, error) from error

    def require_begun(self) -> PoolProxiedConnection:
        """The connection of the open transaction.

        Raises:
            TenancyError: There is none.
        """
        if self._pooled is None:
            raise TenancyError("This session has not begun, or has ended.")
        return self._pooled

    def writes(self) -> None:
        """Notes that this transaction changes something."""
        if self._pooled is not None:
            _driver_of(self._pooled).wrote = True

    def send_parting(self) -> None:
        """Sends now what would have gone out with the commit.

        Raises:
            DBAPIError: The database refused.
        """
        for compiled, values in self.parting.take():
            self.run(compiled, values, flush=False)

    @override
    def connection(self, *arguments: Any, **options: Any) -> Connection:
        """The connection, for statements that the guard does not see."""
        self.writes()
        self.send_parting()
        return super().connection(*arguments, **options)

    @override
    def begin_nested(self) -> SessionTransaction:
        self.send_parting()  # it is no part of what the savepoint may undo
        return super().begin_nested()

    @override
    def get_bind(self, *_arguments: Any, **_options: Any) -> Connection:
        """SQLAlchemy's view of the one connection, made when it is first needed."""
        if self._connected is None:
            if self._pooled is None:
                self.start()
            self._connected = Connection(self._engine, self._pooled)
        return self._connected

    @override
    def commit(self) -> None:
        self.flush()
        self._leave_parting()
        if self._connected is not None:
            super().commit()
        # SQLAlchemy ends what it has begun, which may be nothing.
        if self._pooled is not None:
            try:
                _driver_of(self._pooled).commit()
            except psycopg.Error as error:
                raise _told("COMMIT", error) from error
        if self._connected is None:
            # It tells those who wait for the end only where it had a part in it.
            self.dispatch.after_commit(self)

    def _leave_parting(self) -> None:
        """Leaves it to the driver, which sends it along with the end."""
        parting = self.parting.take()
        if parting:
            _driver_of(self.require_begun()).part_with(
                [(write.prepared, write.fill(values)) for write, values in parting]
            )

    @override
    def rollback(self) -> None:
        self.parting.drop()
        super().rollback()
        if self._pooled is not None and self._pooled.is_valid:
            try:
                _driver_of(self._pooled).rollback()
            except psycopg.Error as error:
                self._pooled.invalidate(error)

    @override
    def close(self) -> None:
        if self._connected is not None or self._new or self.identity_map:
            super().close()
        pooled, self._pooled, self._connected = self._pooled, None, None
        self.parting.drop()
        if pooled is not None:
            pooled.close()


def _told(statement: str, error: psycopg.Error) -> BaseException:
    """The error as SQLAlchemy tells it, without the values."""
    return DBAPIError.instance(
        statement, None, error, psycopg.Error, hide_parameters=True
    )


def _driver_of(pooled: PoolProxiedConnection) -> driver.Connection:
    return cast("driver.Connection", pooled.driver_connection)


@event.listens_for(TenantSession, "do_orm_execute")
def _guard(state: ORMExecuteState) -> None:
    """Adds the gym's predicate, or refuses what cannot carry one."""
    session = state.session
    if not isinstance(session, TenantSession):  # pragma: no branch
        raise TenancyError("Only a TenantSession runs statements on our models.")
    if not state.is_orm_statement:
        raise TenancyError(
            "Only ORM statements on mapped classes run here; text and Core "
            "statements would pass the wall between gyms unseen."
        )
    session._autoflush()  # noqa: SLF001 — what SQLAlchemy does next may leave more
    session.send_parting()
    touches_gym = any(
        issubclass(mapper.class_, TenantModel) for mapper in state.all_mappers
    )
    if not state.is_select:
        session.writes()
        if SEES_ITS_GYM not in state.execution_options:
            raise TenancyError(
                "Bulk writes go through core.db.writes, which scopes and audits them."
            )
    if session.tenant_id is None:
        if touches_gym:
            session.require_tenant()
        return
    state.statement = in_this_gym(state.statement)
    state.parameters = _with_tenant(state.parameters, session.tenant_id)


def _with_tenant(parameters: Any, tenant_id: UUID) -> Any:
    if isinstance(parameters, list):
        return [{**row, TENANT_BIND: tenant_id} for row in parameters]
    return {**(parameters or {}), TENANT_BIND: tenant_id}


@event.listens_for(TenantSession, "before_flush")
def _stamp(
    session: TenantSession, _context: UOWTransaction, _instances: object
) -> None:
    """Stamps new rows with the gym; refuses rows of another and moved rows."""
    session.writes()
    for row in _rows_of_gyms(session.new):
        if inspect(row).dict.get("tenant_id") is None:
            row.tenant_id = session.require_tenant()
        _refuse_foreign(session, row)
    for row in _rows_of_gyms(session.dirty):
        if get_history(row, "tenant_id").has_changes():
            raise TenancyError("A row never moves to another gym.")
        _refuse_foreign(session, row)
    for row in _rows_of_gyms(session.deleted):
        _refuse_foreign(session, row)


def _rows_of_gyms(rows: Iterable[object]) -> list[TenantModel]:
    return [row for row in rows if isinstance(row, TenantModel)]


def _refuse_foreign(session: TenantSession, row: TenantModel) -> None:
    if row.tenant_id != session.require_tenant():
        raise TenancyError(f"A {type(row).__name__} of another gym is in this session.")
