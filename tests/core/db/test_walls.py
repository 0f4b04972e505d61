"""The walls between gyms, each tried with the others taken down."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from core.app import Installation
from core.db.engine import transactional_engine
from core.db.guard import TenancyError
from core.db.seldom import Seldom
from core.db.session import Isolation
from core.db.unit import UnitOfWork
from core.db.versions import AccessVersion, bump
from core.errors import Unavailable
from core.rbac.models import ClientGrant, RoleCode
from core.testing.plugin import QueryCount
from core.testing.server import TestServer

TwoGyms = tuple[UUID, UUID]


def grant_row() -> ClientGrant:
    return ClientGrant(user_id=uuid4(), client_id=uuid4(), source="test")


@pytest.fixture
def units(installation: Installation) -> UnitOfWork:
    return installation.units()


@pytest.fixture
def two_gyms(units: UnitOfWork) -> TwoGyms:
    """Two gym ids with one row each."""
    ids = (uuid4(), uuid4())
    for tenant_id in ids:
        with units.open(tenant_id) as session:
            session.add(grant_row())
    return ids


def app_connection(installation: Installation) -> psycopg.Connection[Any]:
    url = installation.settings.database.url or ""
    _scheme, _, rest = url.partition("://")
    return psycopg.connect(f"postgresql://{rest}")


class TestDatabaseAlone:
    """Row level security with raw SQL: no ORM, no predicate, no HTTP."""

    def test_no_gym_is_an_error_not_an_empty_answer(
        self, installation: Installation
    ) -> None:
        with (
            app_connection(installation) as connection,
            pytest.raises(pg.UndefinedObject),
        ):
            connection.execute("SELECT * FROM client_grants")

    def test_only_the_named_gyms_rows_are_seen(
        self, installation: Installation, two_gyms: TwoGyms
    ) -> None:
        with app_connection(installation) as connection:
            connection.execute(f"SET LOCAL app.tenant_id = '{two_gyms[0]}'")
            seen = connection.execute("SELECT tenant_id FROM client_grants").fetchall()
        assert seen == [(two_gyms[0],)]

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE client_grants SET source = 'x' WHERE tenant_id = '{other}'",
            "DELETE FROM client_grants WHERE tenant_id = '{other}'",
        ],
    )
    def test_foreign_rows_cannot_be_touched(
        self, installation: Installation, two_gyms: TwoGyms, statement: Any
    ) -> None:
        with app_connection(installation) as connection:
            connection.execute(f"SET LOCAL app.tenant_id = '{two_gyms[0]}'")
            cursor = connection.execute(statement.format(other=two_gyms[1]))
            assert cursor.rowcount == 0

    def test_foreign_rows_cannot_be_made(
        self, installation: Installation, two_gyms: TwoGyms
    ) -> None:
        with app_connection(installation) as connection:
            connection.execute(f"SET LOCAL app.tenant_id = '{two_gyms[0]}'")
            with pytest.raises(pg.InsufficientPrivilege):
                connection.execute(
                    "INSERT INTO access_versions (tenant_id, id, version)"
                    " VALUES (%s, %s, 1)",
                    (two_gyms[1], uuid4()),
                )

    def test_the_setting_ends_with_its_transaction(
        self, installation: Installation, two_gyms: TwoGyms
    ) -> None:
        with app_connection(installation) as connection:
            connection.execute(f"SET LOCAL app.tenant_id = '{two_gyms[0]}'")
            connection.execute("SELECT * FROM client_grants")
            connection.commit()
            with pytest.raises(pg.DataError):
                connection.execute("SELECT * FROM client_grants")

    def test_the_app_cannot_open_the_walls(self, installation: Installation) -> None:
        for statement in (
            "ALTER TABLE client_grants DISABLE ROW LEVEL SECURITY",
            "DROP POLICY one_gym ON client_grants",
            "SET ROLE palestra_owner",
            "UPDATE tenants_gyms SET status = 'active'",
        ):
            with (
                app_connection(installation) as connection,
                pytest.raises(pg.InsufficientPrivilege),
            ):
                connection.execute(statement)


class TestOrmAlone:
    """The session's guards as superuser, whom no policy binds."""

    @pytest.fixture
    def units(self, unguarded: UnitOfWork) -> UnitOfWork:
        return unguarded

    def test_policies_really_are_down(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        with units.open(two_gyms[0]) as session:
            statement = text("SELECT count(DISTINCT tenant_id) FROM client_grants")
            assert session.connection().execute(statement).scalar_one() > 1

    def test_every_select_carries_the_gym(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        with units.open(two_gyms[0]) as session:
            rows = session.scalars(select(ClientGrant)).all()
            assert {row.tenant_id for row in rows} == {two_gyms[0]}
            inner = select(ClientGrant.id).where(ClientGrant.source == "test")
            found = session.scalars(
                select(ClientGrant.tenant_id).where(ClientGrant.id.in_(inner))
            ).all()
            assert set(found) == {two_gyms[0]}

    def test_a_foreign_row_is_not_found_by_key(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        with units.open(two_gyms[1]) as session:
            foreign = session.scalars(select(ClientGrant.id)).one()
        with units.open(two_gyms[0]) as session:
            assert session.get(ClientGrant, (two_gyms[1], foreign)) is None
            assert session.get(ClientGrant, (two_gyms[0], foreign)) is None


class TestSession:
    def test_without_a_gym_no_sql_is_sent(
        self, units: UnitOfWork, count_queries: Callable[[], QueryCount]
    ) -> None:
        with units.open(None) as session, count_queries() as count:
            with pytest.raises(TenancyError):
                session.scalars(select(ClientGrant)).all()
            session.add(grant_row())
            with pytest.raises(TenancyError):
                session.flush()
            session.expunge_all()
        assert len(count) == 0

    def test_shared_tables_need_no_gym(self, units: UnitOfWork) -> None:
        with units.open(None) as session:
            assert "admin" in session.scalars(select(RoleCode.code)).all()

    @pytest.mark.parametrize(
        "statement",
        [
            text("SELECT 1"),
            select(ClientGrant.__table__),
            update(ClientGrant).values(source="x"),
            insert(ClientGrant).values(source="x"),
        ],
    )
    def test_statements_the_guard_cannot_scope_are_refused(
        self, units: UnitOfWork, statement: Any
    ) -> None:
        with units.open(uuid4()) as session, pytest.raises(TenancyError):
            session.execute(statement)

    def test_a_row_never_changes_its_gym(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        with units.open(two_gyms[0]) as session:
            row = session.scalars(select(ClientGrant)).one()
            row.tenant_id = two_gyms[1]
            with pytest.raises(TenancyError):
                session.flush()
            session.expunge_all()

    def test_a_row_stamped_for_another_gym_is_refused(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        with units.open(two_gyms[0]) as session:
            session.add(AccessVersion(tenant_id=two_gyms[1], id=uuid4(), version=1))
            with pytest.raises(TenancyError):
                session.flush()
            session.expunge_all()

    def test_a_row_of_another_gyms_session_is_refused(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        with units.open(two_gyms[1]) as session:
            foreign = session.scalars(select(ClientGrant)).one()
        with units.open(two_gyms[0]) as session:
            session.add(foreign)
            foreign.source = "stolen"
            with pytest.raises(TenancyError):
                session.flush()
            session.expunge_all()

    def test_a_gym_is_for_life(self, units: UnitOfWork, two_gyms: TwoGyms) -> None:
        with units.open(two_gyms[0]) as session, pytest.raises(AttributeError):
            session.tenant_id = two_gyms[1]  # type: ignore[misc]

    @pytest.mark.parametrize(
        "isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
    )
    def test_every_isolation_level_is_real(
        self, units: UnitOfWork, two_gyms: TwoGyms, isolation: Isolation
    ) -> None:
        with units.open(two_gyms[0], isolation=isolation) as session:
            shown = session.connection().execute(text("SHOW transaction_isolation"))
            assert shown.scalar_one() == isolation.lower()
            assert len(session.scalars(select(ClientGrant)).all()) == 1


class TestPool:
    def test_an_error_leaves_no_gym_behind(
        self, units: UnitOfWork, two_gyms: TwoGyms
    ) -> None:
        for _ in range(30):
            with pytest.raises(DBAPIError), units.open(two_gyms[0]) as session:
                session.connection().execute(text("SELECT 1/0"))
            with units.open(two_gyms[1]) as session:
                rows = session.scalars(select(ClientGrant.tenant_id)).all()
                assert set(rows) == {two_gyms[1]}

    def test_killed_back_ends_are_replaced(
        self,
        units: UnitOfWork,
        two_gyms: TwoGyms,
        postgres: TestServer,
        installation: Installation,
    ) -> None:
        database = installation.databases.app.url.database
        for _ in range(3):
            with units.open(two_gyms[0]) as session:
                session.scalars(select(ClientGrant)).all()
            postgres.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{database}'"
            )
            with units.open(two_gyms[1]) as session:
                rows = session.scalars(select(ClientGrant.tenant_id)).all()
                assert set(rows) == {two_gyms[1]}

    def test_a_server_that_is_away_is_said_so_once(
        self, installation: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine = transactional_engine(
            "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
            installation.settings.database,
        )
        monkeypatch.setattr("core.db.unit._reconnecting", Seldom(10))
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(Unavailable), UnitOfWork(engine).open(uuid4()):
                    pass
        assert [line["event"] for line in logs] == ["db.reconnecting"]

    def test_threads_interleave_gyms_without_mixing(self, units: UnitOfWork) -> None:
        gyms = [uuid4() for _ in range(6)]
        wrong: list[object] = []

        def work(tenant_id: UUID) -> None:
            for _ in range(25):
                with units.open(tenant_id, probe=(tenant_id,)) as session:
                    bump(session, tenant_id)
                    session.add(grant_row())
                    session.flush()
                    seen = set(session.scalars(select(ClientGrant.tenant_id)))
                    if seen != {tenant_id}:
                        wrong.append(seen)

        threads = [threading.Thread(target=work, args=(gym,)) for gym in gyms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        for tenant_id in gyms:
            with units.open(tenant_id, probe=(tenant_id,)) as session:
                assert session.scalars(select(AccessVersion.version)).all() == [25]
                assert len(session.scalars(select(ClientGrant)).all()) == 25


def test_the_opening_reads_the_versions_that_were_asked_for(
    units: UnitOfWork,
) -> None:
    gym, user = uuid4(), uuid4()
    with units.open(gym) as session:
        bump(session, user)
        assert session.versions == {}
    with units.open(gym, probe=(gym, user)) as session:
        assert session.versions.keys() == {user}
        shown = text("SELECT current_setting('app.tenant_id')")
        assert session.connection().scalar(shown) == str(gym)
