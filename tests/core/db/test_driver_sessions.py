"""The driver and SQLAlchemy on one connection, in turn."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from core.app import Installation
from core.db.driver import Connection
from core.db.engine import transactional_engine
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.unit import UnitOfWork
from core.rbac.models import ClientGrant, RoleCode
from core.testing.server import TestServer

OF_CODE = Statement(select(RoleCode.code).where(RoleCode.code == given("code")))
GRANTS = Statement(select(ClientGrant).order_by(ClientGrant.source))
PROCESS = Statement(select(func.pg_backend_pid()))


def end_of_line(postgres: TestServer, process: int) -> None:
    """Ends a server process, and comes back when it is gone."""
    postgres.query(f"SELECT pg_terminate_backend({process}, 10000)")


@pytest.fixture
def engine(installation: Installation) -> Iterator[Engine]:
    """A pool of one connection, so that every unit of work has the same."""
    settings = installation.settings.database
    made = transactional_engine(str(settings.url), replace(settings, pool_size=1))
    yield made
    made.dispose()


@pytest.fixture
def units(engine: Engine) -> UnitOfWork:
    return UnitOfWork(engine)


def driver_of(session: TenantSession) -> Connection:
    found = session.connection().connection.driver_connection
    assert isinstance(found, Connection)
    return found


def add_grant(session: TenantSession, source: str) -> None:
    session.add(ClientGrant(user_id=uuid4(), client_id=uuid4(), source=source))
    session.flush()


def test_a_unit_after_a_unit_that_was_not_waited_for(
    units: UnitOfWork, engine: Engine
) -> None:
    for _ in range(3):
        with units.open(None) as session:
            assert session.read_value(OF_CODE, code="admin") == "admin"
        with units.open(None) as session:
            found = session.scalars(select(RoleCode.code)).all()
            assert "admin" in found
            assert session.read_value(OF_CODE, code="admin") == "admin"
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]


def test_a_statement_after_the_commit_meets_no_gym(units: UnitOfWork) -> None:
    gym = uuid4()
    with units.open(gym) as session:
        add_grant(session, "kept")
    with units.open(gym) as session:
        assert [row.source for row in session.read(GRANTS)] == ["kept"]
        session.commit()  # nobody waits for it
        with pytest.raises(DBAPIError):
            session.read(GRANTS)
    with units.open(gym) as session:
        assert [row.source for row in session.read(GRANTS)] == ["kept"]


def test_an_orm_statement_after_the_commit_meets_no_gym(units: UnitOfWork) -> None:
    gym = uuid4()
    with units.open(gym) as session:
        add_grant(session, "kept")
    with units.open(gym) as session:
        session.read(GRANTS)
        session.commit()
        with pytest.raises(DBAPIError):
            session.scalars(select(ClientGrant.source)).all()
        session.rollback()
    with units.open(gym) as session:
        assert session.scalars(select(ClientGrant.source)).all() == ["kept"]


def test_a_pooled_connection_takes_a_plain_transaction(
    units: UnitOfWork, engine: Engine
) -> None:
    with units.open(None) as session:
        session.read(OF_CODE, code="admin")
    with engine.connect() as plain:
        assert plain.execute(text("SELECT 1")).scalar_one() == 1
    with units.open(None) as session:
        assert session.read_value(OF_CODE, code="admin") == "admin"


def test_savepoints_undo_and_keep_what_is_prepared(units: UnitOfWork) -> None:
    gym = uuid4()
    with units.open(gym) as session:
        connection = driver_of(session)
        add_grant(session, "a")
        session.read(GRANTS)
        known = set(connection._statements.values())  # noqa: SLF001 — their names
        with suppress(DBAPIError), session.begin_nested():
            add_grant(session, "b")
            session.connection().execute(text("SELECT 1 / 0"))
        with session.begin_nested():
            add_grant(session, "c")
        assert [row.source for row in session.read(GRANTS)] == ["a", "c"]
        kept = session.connection().execute(
            text("SELECT name FROM pg_prepared_statements")
        )
        assert {name.decode() for name in known} <= set(kept.scalars())
    with units.open(gym) as session:
        assert [row.source for row in session.read(GRANTS)] == ["a", "c"]


def test_a_rolled_back_unit_keeps_what_is_prepared(units: UnitOfWork) -> None:
    gym = uuid4()
    with suppress(KeyError), units.open(gym) as session:
        add_grant(session, "lost")
        session.read(GRANTS)
        raise KeyError
    with units.open(gym) as session:
        kept = session.connection().execute(
            text("SELECT statement FROM pg_prepared_statements")
        )
        assert GRANTS.compiled.prepared.text in set(kept.scalars())
        assert session.read(GRANTS) == []


def test_a_swallowed_failure_does_not_pass_for_a_commit(units: UnitOfWork) -> None:
    gym = uuid4()

    def work(session: TenantSession) -> None:
        add_grant(session, "lost")
        with suppress(DBAPIError):
            session.connection().execute(text("SELECT 1 / 0"))

    with pytest.raises((pg.InFailedSqlTransaction, DBAPIError)):
        units.run(work, tenant_id=gym)
    with units.open(gym) as session:
        assert session.read(GRANTS) == []


def test_a_loss_in_a_unit_costs_that_unit_alone(
    units: UnitOfWork, engine: Engine, postgres: TestServer
) -> None:

    def work(session: TenantSession) -> None:
        end_of_line(postgres, session.read_value(PROCESS))
        session.read(GRANTS)

    for _ in range(2):
        with pytest.raises(DBAPIError) as lost:
            units.run(work, tenant_id=uuid4())
        assert isinstance(lost.value.orig, psycopg.OperationalError)
        with units.open(uuid4()) as session:
            assert session.read(GRANTS) == []
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]


def test_a_loss_before_a_writers_end_is_raised(
    units: UnitOfWork, postgres: TestServer
) -> None:
    gym = uuid4()

    def work(session: TenantSession) -> None:
        add_grant(session, "lost")
        end_of_line(postgres, session.read_value(PROCESS))

    with pytest.raises((psycopg.OperationalError, DBAPIError)):
        units.run(work, tenant_id=gym)
    with units.open(gym) as session:
        assert session.read(GRANTS) == []


def test_forgotten_statements_cost_one_unit(units: UnitOfWork) -> None:
    with units.open(None) as session:
        session.read(OF_CODE, code="admin")
        driver_of(session).tell("DEALLOCATE ALL")
    with pytest.raises(DBAPIError), units.open(None) as session:
        session.read(OF_CODE, code="admin")
    with units.open(None) as session:
        assert session.read_value(OF_CODE, code="admin") == "admin"


def test_nobody_runs_on_an_ended_session(units: UnitOfWork) -> None:
    with units.open(None) as session:
        session.read(OF_CODE, code="admin")
    with pytest.raises(RuntimeError, match="not begun"):
        session.read(OF_CODE, code="admin")


def test_many_threads_share_statements_without_mixing(
    installation: Installation,
) -> None:
    units, wrong = installation.units(), list[object]()
    gyms = [uuid4() for _ in range(6)]

    def work(gym: UUID) -> None:
        for number in range(15):
            with units.open(gym) as session:
                add_grant(session, f"{gym}:{number:02}")
            with units.open(gym) as session:
                seen = {row.source.partition(":")[0] for row in session.read(GRANTS)}
                wrong.extend(seen - {str(gym)})

    threads = [threading.Thread(target=work, args=(gym,)) for gym in gyms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
