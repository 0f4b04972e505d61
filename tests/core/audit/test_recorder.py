"""Changes and events, written with the transaction that they tell of."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.audit.models import AuditEntry
from core.audit.recorder import record_event
from core.clock import as_rfc3339, frozen_at, utc_now
from core.context import current
from core.db import compiled_writes, writes
from core.db.session import TenantSession
from core.db.writes import (
    append,
    delete_where,
    insert_batch,
    insert_new,
    insert_unread,
    update_where,
    upsert,
)
from core.ids import new_id
from core.rbac.models import ClientGrant, GymRole
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount


def entries(session: TenantSession, entity: str) -> Sequence[AuditEntry]:
    statement = select(AuditEntry).where(AuditEntry.entity == entity)
    return session.scalars(statement.order_by(AuditEntry.at, AuditEntry.id)).all()


def a_role(name: str = "trainee") -> GymRole:
    return GymRole(name=name, title="Trainee", permissions=["a.b.c"], scope="own")


def a_grant(source: str) -> ClientGrant:
    return ClientGrant(user_id=new_id(), client_id=new_id(), source=source)


def test_a_creation_tells_who_what_and_where_from(gym: TestGym) -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with gym.unit("team") as session, frozen_at(moment):
        current().address = "203.0.113.7"
        trace_id = current().trace_id
        role = a_role()
        session.add(role)
        session.flush()
    with gym.unit() as session:
        (entry,) = entries(session, "role")
    assert entry.action == "role.create"
    assert entry.entity_id == str(role.id)
    assert (entry.actor_kind, entry.user_id) == ("user", gym.user("team"))
    assert (entry.at, entry.trace_id, entry.address) == (
        moment,
        trace_id,
        "203.0.113.7",
    )
    assert entry.before is None
    assert entry.after is not None
    assert entry.after["permissions"] == ["a.b.c"]
    assert entry.after["created_at"] == "2026-03-02T09:00:00Z"
    assert not {"id", "tenant_id"} & entry.after.keys()


def test_an_update_tells_only_what_changed(gym: TestGym) -> None:
    with gym.unit() as session:
        role = a_role()
        session.add(role)
        session.flush()
        role.title = "Apprentice"
        session.flush()
        last = entries(session, "role")[-1]
    assert last.action == "role.update"
    assert last.before == {"title": "Trainee"}
    assert last.after == {"title": "Apprentice"}


def test_bookkeeping_alone_is_no_change(gym: TestGym) -> None:
    with gym.unit() as session:
        role = a_role()
        session.add(role)
        session.flush()
        role.updated_at = datetime(2026, 3, 2, tzinfo=UTC)
        session.flush()
        assert [entry.action for entry in entries(session, "role")] == ["role.create"]


def test_a_deletion_keeps_what_was_there(gym: TestGym) -> None:
    with gym.unit() as session:
        role = a_role()
        session.add(role)
        session.flush()
        session.delete(role)
        session.flush()
        last = entries(session, "role")[-1]
    assert last.action == "role.delete"
    assert last.before is not None
    assert last.before["title"] == "Trainee"
    assert last.after is None


def test_bulk_writes_leave_an_entry_for_each_row(gym: TestGym) -> None:
    with gym.unit() as session:
        session.add_all([a_grant("bulk") for _ in range(3)])
        mine = ClientGrant.source == "bulk"
        assert update_where(session, ClientGrant, mine, values={"source": "moved"}) == 3
        assert delete_where(session, ClientGrant, ClientGrant.source == "moved") == 3
        told = [entry.action for entry in entries(session, "client_grant")]
        changed = entries(session, "client_grant")[3]
    assert told == (
        ["client_grant.create"] * 3
        + ["client_grant.update"] * 3
        + ["client_grant.delete"] * 3
    )
    assert (changed.before, changed.after) == (
        {"source": "bulk"},
        {"source": "moved"},
    )


def test_rows_that_bulk_inserts_add_are_told_and_no_others(gym: TestGym) -> None:
    user_id, client_id = new_id(), new_id()
    row = {"user_id": user_id, "client_id": client_id, "source": "bulk"}
    with gym.unit() as session:
        (made,) = insert_new(session, ClientGrant, [{"id": new_id(), **row}])
        assert insert_new(session, ClientGrant, [{"id": new_id(), **row}]) == []
        told = entries(session, "client_grant")
    assert [(entry.action, entry.entity_id) for entry in told] == [
        ("client_grant.create", str(made.id))
    ]


def test_a_batch_leaves_one_entry_with_what_its_rows_share(gym: TestGym) -> None:
    batch, ids = new_id(), [new_id() for _ in range(3)]
    now = utc_now()
    moments = {"created_at": now, "updated_at": now}
    same = {"client_id": new_id(), "source": "batch", **moments}
    each = {"id": ids, "user_id": [new_id() for _ in ids]}
    with gym.unit() as session:
        made = insert_batch(session, ClientGrant, batch, same=same, each=each)
        [told] = entries(session, "client_grant")
        found = session.scalars(
            select(ClientGrant.id).where(ClientGrant.source == "batch")
        ).all()
    assert (made, sorted(found)) == (3, sorted(ids))
    assert (told.action, told.entity_id) == ("client_grant.create_many", str(batch))
    assert told.after == {
        "count": 3,
        "client_id": str(same["client_id"]),
        "source": "batch",
        "created_at": as_rfc3339(now),
        "updated_at": as_rfc3339(now),
    }


def test_an_upsert_of_audited_rows_is_refused(gym: TestGym) -> None:
    with gym.unit() as session, pytest.raises(TypeError, match="audited"):
        upsert(
            session,
            ClientGrant,
            [{"user_id": new_id(), "client_id": new_id(), "source": "x"}],
            conflict=("tenant_id", "user_id", "client_id", "source"),
            update={"source": "y"},
        )


def test_each_bulk_write_is_one_of_those_tested() -> None:
    public = {
        name
        for module in (writes, compiled_writes)
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and not name.startswith("_")
    }
    assert public == {
        "append",  # this and insert_unread take only what is not audited
        "insert_unread",
        "insert_batch",
        "insert_new",
        "upsert",
        "update_where",
        "delete_where",
        "Updating",  # tests/core/db/test_compiled_writes.py, as the two after it
        "Deleting",
        "Upserting",  # takes only models that are not audited
        "defaults_of",  # sends nothing, as the one after it
        "with_next_version",
    }


def test_rows_that_are_audited_are_not_appended_in_silence(gym: TestGym) -> None:
    with gym.unit() as session, pytest.raises(TypeError, match="audited"):
        append(session, ClientGrant, [{"source": "test"}])
    with gym.unit() as session, pytest.raises(TypeError, match="audited"):
        insert_unread(session, ClientGrant, [{"source": "test"}])


def test_many_changes_are_one_statement(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    with gym.unit() as session, count_queries() as count:
        session.add_all([a_grant("many") for _ in range(200)])
        session.flush()
        written = len(entries(session, "client_grant"))
    told = [text for text in count.statements if "INSERT INTO audit_entries" in text]
    assert (written, len(told)) == (200, 1)


def test_what_is_rolled_back_is_not_told(gym: TestGym) -> None:
    class Stop(Exception):
        pass

    def fail() -> None:
        with gym.unit() as session:
            session.add(a_role())
            session.flush()
            raise Stop

    with pytest.raises(Stop):
        fail()
    with gym.unit() as session:
        assert not entries(session, "role")


def test_an_event_is_told_with_its_details(gym: TestGym) -> None:
    user_id = gym.user("coach")
    with gym.unit() as session:
        record_event(
            "auth.login",
            entity="user",
            entity_id=user_id,
            details={"mode": "bearer", "session": user_id},
            user_id=user_id,
        )
        record_event("audits.exported")
        login = entries(session, "user")[-1]
        bare = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "audits.exported")
        ).one()
    assert (login.action, login.actor_kind, login.user_id) == (
        "auth.login",
        "user",
        user_id,
    )
    assert login.after == {"mode": "bearer", "session": str(user_id)}
    assert (bare.actor_kind, bare.entity, bare.after) == ("system", None, None)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"],
)
def test_the_application_cannot_rewrite_the_log(gym: TestGym, statement: str) -> None:
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        gym.unit() as session,
    ):
        session.connection().exec_driver_sql(statement)


def test_a_gym_sees_its_own_log_only(gym: TestGym, other_gym: TestGym) -> None:
    with gym.unit() as session:
        session.add(a_role())
    with other_gym.unit() as session:
        assert not entries(session, "role")
