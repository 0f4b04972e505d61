"""Personal values: sealed for the person concerned, gone with the person's key."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, select

from core.audit.models import AuditEntry, PersonKey
from core.audit.person_keys import PersonKeys
from core.audit.personal import ERASED, Sealed, needs_key, shown, written
from core.auth.models import User
from core.config import Settings
from core.config.vault import SealBroken, Vault
from core.db.base import Base, TenantModel
from core.db.changes import personal_columns
from core.db.session import TenantSession
from core.db.writes import delete_where, insert_new, update_where
from core.ids import new_id
from core.sdk.users import create_user
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount

KEY = bytes(range(32))
PLACE = Sealed(new_id(), new_id(), "after")


def entries_about(session: TenantSession, user_id: UUID) -> Sequence[AuditEntry]:
    statement = select(AuditEntry).where(AuditEntry.entity_id == str(user_id))
    return session.scalars(statement.order_by(AuditEntry.id)).all()


def listed(gym: TestGym, user_id: UUID) -> list[dict[str, Any]]:
    query = {"entity": "user", "entityId": str(user_id), "sort": "at"}
    found: list[dict[str, Any]] = gym.api("admin").get("/audits", query=query)
    return found


def keys_of(gym: TestGym) -> PersonKeys:
    return gym.installation.recorder.keys


def forget_kept(gym: TestGym) -> None:
    keys_of(gym)._kept.clear()  # noqa: SLF001 — as another process begins


def test_what_is_sealed_opens_in_its_own_place_only() -> None:
    values = {"id": 1, "email": "a@b.example", "role": "client", "phone": None}
    kept = written(values, frozenset({"email", "phone"}), KEY, PLACE)
    assert kept is not None
    assert "a@b.example" not in str(kept)
    assert (kept["role"], kept["phone"]) == ("client", None)
    assert "id" not in kept
    assert shown(kept, KEY, PLACE) == {
        "email": "a@b.example",
        "role": "client",
        "phone": None,
    }
    for elsewhere in (
        replace(PLACE, entry_id=new_id()),
        replace(PLACE, tenant_id=new_id()),
        replace(PLACE, side="before"),
    ):
        assert shown(kept, KEY, elsewhere) == kept
    assert shown({"alias": kept["email"]}, KEY, PLACE) == {"alias": kept["email"]}
    assert shown(kept, bytes(32), PLACE) == kept


def test_without_a_key_nothing_is_kept_and_nothing_shown() -> None:
    kept = written({"email": "a@b.example"}, frozenset({"email"}), None, PLACE)
    assert kept == {"email": {"$sealed": None}}
    assert shown(kept, None, PLACE) == {"email": ERASED}
    # Nobody holds a key for it, and one that comes later opens nothing.
    assert shown(kept, KEY, PLACE) == kept


def test_what_only_looks_sealed_stays_as_it_is() -> None:
    for text in ("***", "AAAA", ""):
        assert shown({"a": {"$sealed": text}}, KEY, PLACE) == {"a": {"$sealed": text}}
    assert shown(None, KEY, PLACE) is None


def test_empty_values_need_no_key() -> None:
    personal = frozenset({"bio", "phone"})
    assert not needs_key({"bio": "", "phone": None, "role": "x"}, personal)
    assert not needs_key(None, personal)
    assert needs_key({"bio": "Runs."}, personal)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("users", {"email", "username", "name", "phone", "alias", "avatar_url"}),
        ("members_clients", {"date_of_birth", "gender", "emergency_contact"}),
        ("scheduling_sessions", {"notes"}),
        ("user_states", {"weight", "photo_url"}),
    ],
)
def test_models_say_what_is_personal(
    gym: TestGym, table: str, columns: set[str]
) -> None:
    assert gym.slug
    models = {mapper.class_.__tablename__: mapper.class_ for mapper in _mappers()}
    assert columns <= personal_columns(models[table])


def test_what_is_personal_belongs_to_a_user() -> None:
    """A model with personal columns names its person, or is keyed by the user."""
    for mapper in _mappers():
        model = mapper.class_
        if not issubclass(model, TenantModel) or not personal_columns(model):
            continue
        column = model.__client_column__ or "id"
        assert column in inspect(model).column_attrs, model
        assert model.__client_column__ or model.__tablename__ == "members_coaches"


def _mappers() -> list[Any]:
    return list(Base.registry.mappers)


def test_the_log_holds_no_clear_personal_value(gym: TestGym) -> None:
    with gym.unit():
        user = create_user(email="Zoe@x.example", name="Zoe Quill", role="client")
    with gym.unit() as session:
        session.get_one(User, (gym.id, user.id)).phone = "+4930123456"
    with gym.unit() as session:
        stored = entries_about(session, user.id)
    assert [entry.person_id for entry in stored] == [user.id, user.id]
    text = str([(entry.before, entry.after) for entry in stored])
    for value in ("Zoe", "x.example", "123456"):
        assert value not in text
    created, changed = listed(gym, user.id)
    assert created["after"]["email"] == "Zoe@x.example"
    assert created["after"]["name"] == "Zoe Quill"
    assert created["after"]["role"] == "client"
    assert changed["before"] == {"phone": None}
    assert changed["after"] == {"phone": "+4930123456"}


def test_cursors_open_personal_values_too(gym: TestGym) -> None:
    users = gym.users
    query: dict[str, Any] = {"action": "user.create", "limit": 1}
    first = gym.api("admin").raw("GET", "/audits", query=query).get_json()
    query["cursor"] = first["meta"]["pagination"]["nextCursor"]
    (second,) = gym.api("admin").get("/audits", query=query)
    assert second["after"]["email"].endswith(f"@{gym.slug}.example")
    assert UUID(second["entityId"]) in users.values()


def test_every_bulk_write_seals(gym: TestGym) -> None:
    person = gym.user("client")
    mine = User.id == person
    with gym.unit() as session:
        new = {"id": new_id(), "email": "b@x.example", "name": "Bulk Person"}
        row = {**new, "role": "client", "status": "invited"}
        (made,) = insert_new(session, User, [row])
        assert update_where(session, User, mine, values={"alias": "Secret Alias"}) == 1
        assert delete_where(session, User, User.id == made.id) == 1
        stored = [*entries_about(session, made.id), entries_about(session, person)[-1]]
    assert [entry.action for entry in stored] == [
        "user.create",
        "user.delete",
        "user.update",
    ]
    text = str([(entry.before, entry.after) for entry in stored])
    assert "Bulk Person" not in text
    assert "Secret Alias" not in text
    assert listed(gym, made.id)[-1]["before"]["name"] == "Bulk Person"
    assert listed(gym, person)[-1]["after"] == {"alias": "Secret Alias"}


def test_a_first_seen_person_costs_one_statement(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    person = gym.user("client")

    def renamed(alias: str) -> list[str]:
        with gym.unit() as session, count_queries() as count:
            user = session.get_one(User, (gym.id, person))
            user.alias = alias
            session.flush()
        return [text for text in count.statements if "person_keys" in text]

    forget_kept(gym)
    assert len(renamed("one")) == 1
    assert renamed("two") == []


def test_a_key_of_a_transaction_that_failed_seals_nothing_later(gym: TestGym) -> None:
    person = new_id()

    def fail() -> None:
        with gym.unit() as session:
            keys_of(gym).for_sealing(session, {person})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with gym.unit() as session:
        lost = session.get(PersonKey, (gym.id, person))
        made = keys_of(gym).for_sealing(session, {person})[person]
    with gym.unit() as session:
        assert lost is None
        assert keys_of(gym).for_reading(session, {person}) == {person: made}


def test_a_key_of_a_savepoint_that_failed_seals_nothing_later(gym: TestGym) -> None:
    person = new_id()
    with gym.unit() as session:
        nested = session.begin_nested()
        first = keys_of(gym).for_sealing(session, {person})[person]
        nested.rollback()
        second = keys_of(gym).for_sealing(session, {person})[person]
        with session.begin_nested():
            assert keys_of(gym).for_sealing(session, {person})[person] == second
    forget_kept(gym)
    with gym.unit() as session:
        assert keys_of(gym).for_sealing(session, {person})[person] == second
    assert first != second


def test_erasing_a_person_leaves_the_fact_and_not_the_values(gym: TestGym) -> None:
    person = gym.user("client")
    with gym.unit() as session:
        keys_of(gym).destroy(session, person)
        keys_of(gym).destroy(session, person)
    with gym.unit() as session:
        # Whatever is still written about the person keeps nothing personal.
        session.get_one(User, (gym.id, person)).alias = "Late Alias"
    shown_now = listed(gym, person)
    assert shown_now[0]["after"]["email"] == ERASED
    assert shown_now[0]["after"]["role"] == "client"
    assert shown_now[-1]["after"] == {"alias": ERASED}
    assert listed(gym, gym.user("coach"))[0]["after"]["name"] == "Coach Person"
    with gym.unit() as session:
        key = session.get_one(PersonKey, (gym.id, person))
        assert key.wrapped is None
        assert key.destroyed_at is not None


def test_a_destroyed_key_is_gone_for_processes_that_still_keep_it(gym: TestGym) -> None:
    person = gym.user("client")
    another_process = PersonKeys(gym.installation.vault)
    with gym.unit() as session:
        another_process.destroy(session, person)
    assert listed(gym, person)[0]["after"]["email"] == ERASED
    with gym.unit() as session:
        session.get_one(User, (gym.id, person)).alias = "Late Alias"
    assert listed(gym, person)[-1]["after"] == {"alias": ERASED}


def test_somebody_without_a_key_is_erased_as_well(gym: TestGym) -> None:
    person = new_id()
    with gym.unit() as session:
        keys_of(gym).destroy(session, person)
        forget_kept(gym)
        assert keys_of(gym).for_sealing(session, {person}) == {person: None}
        assert keys_of(gym).for_reading(session, {person}) == {}


def test_a_key_that_no_master_key_opens_is_never_replaced(
    gym: TestGym, tmp_path: Path
) -> None:
    person = new_id()
    stranger = PersonKeys(Vault(Settings.load({"PALESTRA_HOME": str(tmp_path)})))
    with gym.unit() as session:
        key = keys_of(gym).for_sealing(session, {person})[person]
    forget_kept(gym)
    with gym.unit() as session:
        for asked in (stranger.for_sealing, stranger.for_reading):
            with pytest.raises(SealBroken):
                asked(session, {person})
        assert keys_of(gym).for_reading(session, {person}) == {person: key}


def test_a_wrapped_key_opens_for_its_own_person_only(gym: TestGym) -> None:
    one, two = new_id(), new_id()
    with gym.unit() as session:
        keys_of(gym).for_sealing(session, {one, two})
        wrapped = session.get_one(PersonKey, (gym.id, one)).wrapped
        update_where(
            session, PersonKey, PersonKey.id == two, values={"wrapped": wrapped}
        )
        with pytest.raises(SealBroken):
            keys_of(gym).for_reading(session, {two})


def test_keys_are_a_gyms_own(gym: TestGym, other_gym: TestGym) -> None:
    person = gym.user("client")
    with other_gym.unit() as session:
        assert keys_of(other_gym).for_reading(session, {person}) == {}


def test_the_cache_is_bounded(gym: TestGym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.audit.person_keys._MAX_KEPT", 3)
    keeper = PersonKeys(gym.installation.vault)
    for _ in range(10):
        keeper.keep(gym.id, {new_id(): b"k"})
    assert len(keeper._kept) <= 3  # noqa: SLF001 — the bound is what is tested
