"""Objects that were read without SQLAlchemy's loader are objects like any other."""

from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from core.audit.models import AuditEntry
from core.db.statement import Statement, given
from core.rbac.models import ClientGrant, GymRole, RoleCode
from core.testing.kit import TestGym

ROLE = Statement(select(GymRole).where(GymRole.name == given("name")))
LOCKED = Statement(
    select(GymRole).where(GymRole.name == given("name")).with_for_update(),
    refresh=True,
)
ROLES = Statement(select(GymRole).order_by(GymRole.name))
BESIDE = Statement(
    select(GymRole).order_by(GymRole.name), beside=func.count().over().label("total")
)
CODE = Statement(select(RoleCode).where(RoleCode.code == given("code")))


def a_role(name: str = "porter") -> GymRole:
    return GymRole(name=name, title="Porter", permissions=["a.b.c"], scope="all")


@pytest.fixture
def stocked(gym: TestGym) -> TestGym:
    """A gym with one role of its own."""
    with gym.unit() as session:
        session.add(a_role())
    return gym


def changed_elsewhere(gym: TestGym, title: str) -> None:
    """Another transaction gives the role a title, and commits."""
    other = gym.installation.units()
    with other.open(gym.id) as session:
        session.read_one(ROLE, name="porter").title = title


def entries(gym: TestGym, role_id: UUID) -> list[tuple[str, object, object]]:
    """What the audit log says of a role, in order."""
    with gym.unit() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.before, AuditEntry.after)
            .where(AuditEntry.entity_id == str(role_id))
            .order_by(AuditEntry.id)
        ).all()
    return [(row.action, row.before, row.after) for row in rows]


def test_a_row_is_one_object_however_it_is_read(stocked: TestGym) -> None:
    with stocked.unit() as session:
        first = session.read_one(ROLE, name="porter")
        assert session.read_one(ROLE, name="porter") is first
        assert session.scalars(select(GymRole)).one() is first
        assert session.get(GymRole, (stocked.id, first.id)) is first
    with stocked.unit() as session:
        loaded = session.scalars(select(GymRole)).one()
        assert session.read_one(ROLE, name="porter") is loaded


def test_it_is_whole_and_clean(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        state = inspect(role)
        assert (state.persistent, state.modified, state.unloaded) == (
            True,
            False,
            set(),
        )
        assert (role.tenant_id, role.title, role.permissions) == (
            stocked.id,
            "Porter",
            ["a.b.c"],
        )
        assert role not in session.dirty


def test_a_row_of_a_shared_table_is_one_object_too(stocked: TestGym) -> None:
    with stocked.unit() as session:
        code: RoleCode = session.read_one(CODE, code="admin")
        assert session.get(RoleCode, "admin") is code
        assert code.descriptions["en"]


def test_what_stands_beside_is_no_attribute(stocked: TestGym) -> None:
    with stocked.unit() as session:
        (role,), total = session.read_beside(BESIDE)
        assert total == 1
        assert not hasattr(role, "total")


def test_known_rows_keep_what_they_hold_unless_they_are_refreshed(
    stocked: TestGym,
) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        changed_elsewhere(stocked, "Doorman")
        assert session.read_one(ROLE, name="porter").title == "Porter"
        assert session.read_one(LOCKED, name="porter") is role
        assert (role.title, role.version) == ("Doorman", 2)
        assert role not in session.dirty
        role.title = "Concierge"  # the version is the new one, so this is no conflict
    with stocked.unit() as session:
        again = session.read_one(ROLE, name="porter")
        assert (again.title, again.version) == ("Concierge", 3)


def test_without_a_refresh_a_lost_update_is_noticed(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        changed_elsewhere(stocked, "Doorman")
        role.title = "Concierge"
        with pytest.raises(StaleDataError):
            session.flush()
        session.rollback()


def test_what_is_not_written_yet_is_written_before_a_read(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        role.title = "Doorman"
        session.add(a_role("usher"))
        assert [one.name for one in session.read(ROLES)] == ["porter", "usher"]
        assert session.read_one(LOCKED, name="porter").title == "Doorman"


def test_a_change_is_written_and_audited(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        role_id = role.id
        role.title = "Doorman"
    created, updated = entries(stocked, role_id)
    assert created[0] == "role.create"
    assert updated[0] == "role.update"
    assert isinstance(updated[1], dict)
    assert isinstance(updated[2], dict)
    assert (updated[1]["title"], updated[2]["title"]) == ("Porter", "Doorman")
    with stocked.unit() as session:
        assert session.read_one(ROLE, name="porter").version == 2


def test_nothing_is_written_of_what_was_only_read(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        role.title = "Porter"
        role_id = role.id
    assert [entry[0] for entry in entries(stocked, role_id)] == ["role.create"]


def test_a_removal_is_written_and_audited(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        role_id = role.id
        session.delete(role)
        assert session.read_one(ROLE, name="porter") is None
    assert [entry[0] for entry in entries(stocked, role_id)] == [
        "role.create",
        "role.delete",
    ]
    with stocked.unit() as session:
        assert session.read(ROLES) == []


def test_after_a_savepoint_was_undone_a_read_gives_the_row_as_it_is(
    stocked: TestGym,
) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        with suppress(KeyError), session.begin_nested():
            role.title = "Doorman"
            session.flush()
            raise KeyError
        assert inspect(role).expired_attributes
        assert session.read_one(ROLE, name="porter") is role
        assert not inspect(role).expired_attributes
        assert (role.title, role.version) == ("Porter", 1)
        role.title = "Usher"
    with stocked.unit() as session:
        assert session.read_one(ROLE, name="porter").title == "Usher"


def test_what_a_savepoint_made_is_gone_with_it(stocked: TestGym) -> None:
    with stocked.unit() as session:
        with suppress(DBAPIError), session.begin_nested():
            session.add(a_role("usher"))
            session.flush()
            assert len(session.read(ROLES)) == 2
            session.add(a_role("usher"))
            session.flush()
        assert [one.name for one in session.read(ROLES)] == ["porter"]


def test_what_was_expired_is_read_again(stocked: TestGym) -> None:
    with stocked.unit() as session:
        role = session.read_one(ROLE, name="porter")
        changed_elsewhere(stocked, "Doorman")
        session.expire(role, ["title"])
        assert session.read_one(ROLE, name="porter") is role
        assert (role.title, role.version) == ("Doorman", 1)  # what was not stays
        session.expunge(role)


def test_rows_of_other_sessions_are_other_objects(stocked: TestGym) -> None:
    with stocked.unit() as session:
        first = session.read_one(ROLE, name="porter")
    assert Session.object_session(first) is None
    with stocked.unit() as session:
        assert session.read_one(ROLE, name="porter") is not first


def test_many_rows_are_many_objects(gym: TestGym) -> None:
    grants = Statement(select(ClientGrant))
    with gym.unit() as session:
        session.add_all(
            ClientGrant(user_id=uuid4(), client_id=uuid4(), source="x")
            for _ in range(30)
        )
    with gym.unit() as session:
        found = session.read(grants)
        assert len({id(row) for row in found}) == 30
        assert {id(row) for row in session.read(grants)} == {id(row) for row in found}
