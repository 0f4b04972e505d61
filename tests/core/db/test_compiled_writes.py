"""Writes that are compiled once: the gym they keep to, and what they tell of."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import aliased

from core.audit.models import AuditEntry
from core.auth.account_models import AuthAttempt
from core.auth.models import User
from core.clock import frozen_at, utc_now
from core.db.compiled_writes import Deleting, Updating, Upserting
from core.db.guard import TenancyError
from core.db.session import TenantSession
from core.db.statement import given
from core.ids import new_id
from core.rbac.models import ClientGrant
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount

MOVE = Updating(
    ClientGrant,
    ClientGrant.source == given("former"),
    values={"source": given("source")},
)
RENAME = Updating(User, User.id == given("user_id"), values={"alias": given("alias")})
DROP = Deleting(ClientGrant, ClientGrant.source == given("source"))
COUNT = Upserting(
    AuthAttempt,
    "subject",
    "failures",
    "last_at",
    conflict=("subject",),
    update={"failures": AuthAttempt.failures + 1},
    where=AuthAttempt.failures < given("most"),
)
SUBJECT = b"compiled"


def a_grant(session: TenantSession, source: str = "old") -> ClientGrant:
    grant = ClientGrant(user_id=new_id(), client_id=new_id(), source=source)
    session.add(grant)
    session.flush()
    return grant


def entries(session: TenantSession, row_id: UUID) -> Sequence[AuditEntry]:
    statement = select(AuditEntry).where(AuditEntry.entity_id == str(row_id))
    return session.scalars(statement.order_by(AuditEntry.at, AuditEntry.id)).all()


def count(session: TenantSession, most: int = 9) -> AuthAttempt | None:
    row = {"subject": SUBJECT, "failures": 1, "last_at": utc_now()}
    return COUNT.run(session, row, most=most)


def test_an_update_gives_the_rows_as_they_are_now(gym: TestGym) -> None:
    with gym.unit() as session:
        grant = a_grant(session)
        assert MOVE.run(session, former="other", source="new") == []
        [moved] = MOVE.run(session, former="old", source="new")
        assert moved is grant
        assert grant.source == "new"


def test_an_update_is_told_with_what_stood_there(gym: TestGym) -> None:
    with gym.unit() as session:
        grant = a_grant(session)
        MOVE.run(session, former="old", source="new")
        [_made, told] = entries(session, grant.id)
    assert told.action == "client_grant.update"
    assert (told.before, told.after) == ({"source": "old"}, {"source": "new"})


def test_an_update_raises_the_version_and_notes_the_moment(gym: TestGym) -> None:
    moment = datetime(2031, 5, 6, tzinfo=UTC)
    with gym.unit() as session, frozen_at(moment):
        user = session.scalars(select(User).where(User.id == gym.user("coach"))).one()
        former = user.version
        RENAME.run(session, user_id=user.id, alias="Flash")
        assert (user.alias, user.version, user.updated_at) == (
            "Flash",
            former + 1,
            moment,
        )


def test_an_audited_update_is_one_statement(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    with gym.unit() as session:
        a_grant(session)
    with count_queries() as counted, gym.unit() as session:
        MOVE.run(session, former="old", source="new")
    told = [one for one in counted.statements if "INSERT INTO audit_entries" in one]
    assert (len(counted), len(told)) == (2, 1)


def test_who_waited_for_another_tells_what_that_one_left(gym: TestGym) -> None:
    """The row is judged anew, and the value before is not the one first seen."""
    extend = Updating(
        ClientGrant,
        ClientGrant.id == given("grant_id"),
        values={"source": ClientGrant.source + given("more")},
    )
    with gym.unit() as session:
        grant_id = a_grant(session).id

    def second() -> None:
        with gym.unit() as session:
            session.scalars(select(ClientGrant).where(ClientGrant.id == grant_id)).one()
            extend.run(session, grant_id=grant_id, more="-2")

    other = threading.Thread(target=second)
    with gym.unit() as session:
        extend.run(session, grant_id=grant_id, more="-1")
        other.start()
        _wait_for_a_lock(gym)
    other.join()
    with gym.unit() as session:
        told = entries(session, grant_id)[1:]
    assert [(entry.before, entry.after) for entry in told] == [
        ({"source": "old"}, {"source": "old-1"}),
        ({"source": "old-1"}, {"source": "old-1-2"}),
    ]


def test_who_waited_leaves_alone_what_meets_it_no_more(gym: TestGym) -> None:
    found: list[int] = []

    def second() -> None:
        with gym.unit() as session:
            found.append(len(MOVE.run(session, former="old", source="second")))

    with gym.unit() as session:
        grant = a_grant(session)
    other = threading.Thread(target=second)
    with gym.unit() as session:
        MOVE.run(session, former="old", source="first")
        other.start()
        _wait_for_a_lock(gym)
    other.join()
    with gym.unit() as session:
        told = [entry.action for entry in entries(session, grant.id)]
    assert found == [0]
    assert told == ["client_grant.create", "client_grant.update"]


def test_a_delete_keeps_what_was_there_and_the_session_forgets_it(
    gym: TestGym,
) -> None:
    with gym.unit() as session:
        grant = a_grant(session)
        assert DROP.run(session, source="old") == 1
        assert DROP.run(session, source="old") == 0
        assert not inspect(grant).persistent
        [_made, told] = entries(session, grant.id)
    assert (told.action, told.after) == ("client_grant.delete", None)
    assert told.before is not None
    assert told.before["source"] == "old"


def test_an_upsert_inserts_then_updates_then_leaves_alone(gym: TestGym) -> None:
    with gym.unit() as session:
        first = count(session)
        assert first is not None
        assert (first.failures, first.tenant_id) == (1, gym.id)
        again = count(session)
        assert again is first
        assert first.failures == 2
        assert count(session, most=2) is None
        session.refresh(first)
        assert first.failures == 2


def test_no_write_reaches_another_gym(gym: TestGym, other_gym: TestGym) -> None:
    with gym.unit() as session:
        grant = a_grant(session)
        count(session)
    with other_gym.unit() as session:
        assert MOVE.run(session, former="old", source="stolen") == []
        assert DROP.run(session, source="old") == 0
        made = count(session)
        assert made is not None
        assert made.failures == 1
    with gym.unit() as session:
        kept = session.scalars(select(ClientGrant).where(ClientGrant.id == grant.id))
        assert kept.one().source == "old"


def test_every_write_names_its_gym(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    """Row level security is the second wall, not the only one."""
    with gym.unit() as session, count_queries() as counted:
        MOVE.run(session, former="none", source="none")
        RENAME.run(session, user_id=new_id(), alias=None)
        DROP.run(session, source="none")
        COUNT.run(
            session, {"subject": b"", "failures": 1, "last_at": utc_now()}, most=1
        )
    *scoped, inserted = counted.statements
    assert [text.count(".tenant_id = $") for text in scoped] == [2, 2, 1]
    assert inserted.startswith("INSERT INTO auth_attempts (tenant_id,")


@pytest.mark.parametrize(
    "write",
    [
        Updating(
            ClientGrant,
            ClientGrant.user_id.in_(select(User.id)),
            values={"source": "x"},
        ),
        Updating(
            ClientGrant,
            ClientGrant.source == "x",
            values={"source": select(User.name).limit(1).scalar_subquery()},
        ),
        Deleting(ClientGrant, ClientGrant.user_id == User.id),
        Deleting(ClientGrant, ClientGrant.user_id == aliased(User).id),
        Deleting(ClientGrant, ClientGrant.id.in_(select(ClientGrant.id))),
        Deleting(ClientGrant, ClientGrant.id == aliased(ClientGrant).id),
    ],
)
def test_a_look_past_its_own_rows_is_refused(
    gym: TestGym, write: Updating[ClientGrant] | Deleting
) -> None:
    with gym.unit() as session, pytest.raises(TenancyError, match="looks at"):
        write.run(session)


def test_a_function_is_no_other_table(gym: TestGym) -> None:
    keep = Updating(
        ClientGrant,
        func.length(ClientGrant.source) == given("length"),
        values={"source": func.concat(ClientGrant.source, "!")},
    )
    with gym.unit() as session:
        grant = a_grant(session)
        assert keep.run(session, length=3) == [grant]
        assert grant.source == "old!"


def test_an_upsert_of_audited_rows_is_refused() -> None:
    with pytest.raises(TypeError, match="audited"):
        Upserting(ClientGrant, "source", conflict=("source",), update={"source": "y"})


def _wait_for_a_lock(gym: TestGym) -> None:
    """Waits until somebody waits for a row."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with gym.unit() as session:
            waiting = session.connection().exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if waiting.scalar_one():
                return
        time.sleep(0.02)
    pytest.fail("Nobody waits for a row.")
