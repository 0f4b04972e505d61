"""Rows that nobody reads back: sent with the commit, and seen by who asks before."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.app import Installation
from core.auth.models import AuthSession, RefreshToken
from core.clock import utc_now
from core.db.driver import Connection
from core.db.engine import transactional_engine
from core.db.guard import TenancyError
from core.db.insertions import MANY
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.unit import UnitOfWork
from core.db.writes import append
from core.http.idempotency import IdempotencyKey
from core.jobs.models import OutboxJob
from core.rbac.models import ClientGrant
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount
from core.testing.server import TestServer
from tests.core.db.watched import end_of_line

KINDS = Statement(select(OutboxJob.kind).order_by(OutboxJob.kind))
OTHERS = Statement(select(ClientGrant.id).where(ClientGrant.source == given("source")))
PROCESS = Statement(select(func.pg_backend_pid()))


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


@pytest.fixture
def gym_id() -> UUID:
    return uuid4()


@pytest.fixture
def watch(engine: Engine) -> Callable[[], QueryCount]:
    return lambda: QueryCount(engine)


def add_job(session: TenantSession, kind: str, **more: Any) -> None:
    append(session, OutboxJob, [{"kind": kind, **more}])


def add_grant(session: TenantSession) -> None:
    grant = ClientGrant(user_id=uuid4(), client_id=uuid4(), source="other")
    session.add(grant)
    session.flush()


def kinds(units: UnitOfWork, gym_id: UUID) -> list[str]:
    with units.open(gym_id) as session:
        return [row.kind for row in session.read(KINDS)]


def keep_key(session: TenantSession, scope: bytes) -> None:
    row = {
        "scope": scope,
        "fingerprint": b"f",
        "status": 201,
        "headers": {},
        "body": b"",
        "created_at": utc_now(),
    }
    append(session, IdempotencyKey, [row])


def refused(units: UnitOfWork, gym_id: UUID, last: Callable[..., Any]) -> DBAPIError:
    """The error of a unit whose last write the database does not take."""

    def work(session: TenantSession) -> None:
        add_grant(session)
        add_job(session, "a.lost")
        last(session)

    with pytest.raises(DBAPIError) as error:
        units.run(work, tenant_id=gym_id)
    with units.open(gym_id) as session:
        assert session.read(OTHERS, source="other") == []
        assert session.read(KINDS) == []
    return error.value


class TestWhenTheyAreSent:
    def test_with_the_commit_and_in_its_flight(
        self, units: UnitOfWork, gym_id: UUID, watch: Callable[[], QueryCount]
    ) -> None:
        with watch() as seen, patch.object(Connection, "run") as run:
            with units.open(gym_id) as session:
                add_job(session, "a.one")
                keep_key(session, b"k")
                add_job(session, "a.two")
                assert len(seen) == 0
            run.assert_not_called()
        assert [one.split(" (")[0] for one in seen.statements] == [
            "INSERT INTO outbox",
            "INSERT INTO idempotency_keys",
        ]
        assert kinds(units, gym_id) == ["a.one", "a.two"]

    def test_also_where_sqlalchemy_ends_the_transaction(
        self, units: UnitOfWork, gym_id: UUID, watch: Callable[[], QueryCount]
    ) -> None:
        with units.open(gym_id) as session, watch() as seen:
            session.connection().execute(text("SELECT 1"))
            add_job(session, "a.one")
            session.commit()
            assert len(seen) == 2
        assert kinds(units, gym_id) == ["a.one"]

    def test_of_other_columns_by_a_statement_of_their_own(
        self, units: UnitOfWork, gym_id: UUID, watch: Callable[[], QueryCount]
    ) -> None:
        with watch() as seen, units.open(gym_id) as session:
            add_job(session, "a.one")
            add_job(session, "a.two", dedup_key="k")
        assert len(seen) == 2
        assert kinds(units, gym_id) == ["a.one", "a.two"]

    def test_many_together(
        self, units: UnitOfWork, gym_id: UUID, watch: Callable[[], QueryCount]
    ) -> None:
        with watch() as seen, units.open(gym_id) as session:
            for number in range(MANY + 3):
                add_job(session, f"a.{number:03}")
        assert len(seen) == 2
        with watch() as seen, units.open(gym_id) as session:
            rows = [{"kind": f"b.{number:03}"} for number in range(MANY + 3)]
            append(session, OutboxJob, rows)
        assert len(seen) == 1
        assert len(kinds(units, gym_id)) == 2 * (MANY + 3)

    @pytest.mark.parametrize(
        "ask",
        [
            lambda session: [row.kind for row in session.read(KINDS)],
            lambda session: list(session.scalars(select(OutboxJob.kind))),
            lambda session: list(
                session.connection().scalars(text("SELECT kind FROM outbox"))
            ),
        ],
        ids=["compiled", "mapped", "text"],
    )
    def test_before_a_statement_that_names_their_table(
        self, units: UnitOfWork, gym_id: UUID, ask: Callable[..., list[str]]
    ) -> None:
        with units.open(gym_id) as session:
            add_job(session, "a.one")
            assert ask(session) == ["a.one"]
            assert ask(session) == ["a.one"]
        assert kinds(units, gym_id) == ["a.one"]

    def test_not_for_a_statement_on_another_table(
        self, units: UnitOfWork, gym_id: UUID, watch: Callable[[], QueryCount]
    ) -> None:
        with watch() as seen, units.open(gym_id) as session:
            add_job(session, "a.one")
            session.read(OTHERS, source="none")
            assert len(seen) == 1

    def test_at_once_where_other_rows_refer_to_them(
        self, gym: TestGym, count_queries: Callable[[], QueryCount]
    ) -> None:
        user, family, now = gym.user("client"), uuid4(), utc_now()
        login = {"id": family, "user_id": user, "created_at": now}
        login |= {"last_used_at": now, "expires_at": now + timedelta(days=1)}
        token = {"user_id": user, "session_id": family, "token_hash": family.bytes}
        token |= {"created_at": now, "expires_at": now + timedelta(days=1)}
        with gym.unit() as session, count_queries() as seen:
            append(session, AuthSession, [login])
            assert len(seen) == 1
            append(session, RefreshToken, [token])
            assert len(seen) == 1
        with gym.unit() as session:
            found = session.scalars(select(RefreshToken.session_id))
            assert family in set(found)

    def test_not_where_nothing_has_begun(
        self, installation: Installation, gym_id: UUID
    ) -> None:
        session = TenantSession(installation.databases.app, tenant_id=gym_id)
        with pytest.raises(TenancyError, match="not begun"):
            add_job(session, "a.one")


class TestWhatIsUndone:
    def test_nothing_is_sent_of_a_unit_that_failed(
        self, units: UnitOfWork, gym_id: UUID, watch: Callable[[], QueryCount]
    ) -> None:
        with watch() as seen, suppress(KeyError), units.open(gym_id) as session:
            add_job(session, "a.lost")
            raise KeyError
        assert (len(seen), kinds(units, gym_id)) == (0, [])

    def test_a_savepoint_undoes_what_was_written_within_and_no_more(
        self, units: UnitOfWork, gym_id: UUID
    ) -> None:
        with units.open(gym_id) as session:
            add_job(session, "a.before")
            with suppress(KeyError), session.begin_nested():
                add_job(session, "b.within")
                assert len(session.read(KINDS)) == 2
                raise KeyError
            add_job(session, "c.after")
        assert kinds(units, gym_id) == ["a.before", "c.after"]


class TestWhatIsRefused:
    def test_a_constraint_speaks_at_the_commit_and_all_is_undone(
        self, units: UnitOfWork, gym_id: UUID
    ) -> None:
        with units.open(gym_id) as session:
            keep_key(session, b"taken")
        error = refused(units, gym_id, lambda session: keep_key(session, b"taken"))
        assert isinstance(error, IntegrityError)
        assert isinstance(error.orig, pg.UniqueViolation)
        assert error.orig.diag.constraint_name == "uq_idempotency_keys__tenant_id_scope"

    def test_what_is_taken_may_be_skipped(
        self, units: UnitOfWork, gym_id: UUID
    ) -> None:
        for _ in range(2):
            with units.open(gym_id) as session:
                row = {"kind": "a.one", "dedup_key": "k"}
                append(session, OutboxJob, [row], skip_taken=True)
        many = [{"kind": "a.one", "dedup_key": str(n % 5)} for n in range(MANY + 1)]
        with units.open(gym_id) as session:
            append(session, OutboxJob, many, skip_taken=True)
        assert len(kinds(units, gym_id)) == 6

    def test_a_value_that_cannot_be_sent(self, units: UnitOfWork, gym_id: UUID) -> None:
        error = refused(units, gym_id, lambda session: add_job(session, "a.\0"))
        assert isinstance(error.orig, psycopg.DataError)

    def test_a_failure_that_was_swallowed_before(
        self, units: UnitOfWork, gym_id: UUID
    ) -> None:
        def fail(session: TenantSession) -> None:
            with suppress(DBAPIError):
                session.connection().execute(text("SELECT 1 / 0"))
            add_job(session, "a.lost")

        error = refused(units, gym_id, fail)
        assert isinstance(error.orig, pg.InFailedSqlTransaction)

    def test_a_connection_that_is_gone_costs_that_unit_alone(
        self, units: UnitOfWork, gym_id: UUID, engine: Engine, postgres: TestServer
    ) -> None:
        def end(session: TenantSession) -> None:
            end_of_line(postgres, session.read_value(PROCESS))

        error = refused(units, gym_id, end)
        assert isinstance(error.orig, psycopg.OperationalError)
        assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]

    def test_an_interruption_leaves_no_connection_in_the_middle(
        self, units: UnitOfWork, gym_id: UUID
    ) -> None:
        def interrupt(_connection: Connection) -> None:
            raise KeyboardInterrupt

        def work(session: TenantSession) -> None:
            add_job(session, "a.unknown")
            with patch.object(Connection, "_answers", interrupt):
                session.commit()

        with pytest.raises(KeyboardInterrupt):
            units.run(work, tenant_id=gym_id)
        with units.open(gym_id) as session:
            add_job(session, "b.next")
        assert kinds(units, gym_id)[-1] == "b.next"

    def test_a_forgotten_statement_is_prepared_anew(
        self, units: UnitOfWork, gym_id: UUID
    ) -> None:
        tries: list[int] = []

        def work(session: TenantSession) -> None:
            add_job(session, f"a.{len(tries)}")
            if len(tries) == 1:
                found = session.require_begun().driver_connection
                assert isinstance(found, Connection)
                found.tell("DEALLOCATE ALL")
            tries.append(1)

        for _ in range(2):
            units.run(work, tenant_id=gym_id)
        assert kinds(units, gym_id) == ["a.0", "a.2"]

    def test_who_lost_against_another_is_run_again(
        self, installation: Installation, gym_id: UUID
    ) -> None:
        """Each reads what the other writes, and the second to end must give way."""
        units, tries = installation.units(), list[int]()

        def other(session: TenantSession) -> None:
            session.read(KINDS)
            add_grant(session)

        def work(session: TenantSession) -> None:
            session.read(OTHERS, source="other")
            tries.append(1)
            if len(tries) == 1:
                units.run(other, tenant_id=gym_id, isolation="SERIALIZABLE")
            add_job(session, f"a.{len(tries)}")

        units.run(work, tenant_id=gym_id, isolation="SERIALIZABLE")
        assert kinds(units, gym_id) == ["a.2"]
