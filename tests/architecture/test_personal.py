"""Each table of core, of the registry and of the plugins says whom its rows concern."""

from dataclasses import replace

import pytest

from core.app import Installation
from core.auth.models import ApiKey, AuthSession, RefreshToken, User, UserState
from core.db.base import Base, TenantModel
from core.db.personal import (
    ANONYMISE,
    DELETE,
    NotPersonal,
    Personal,
    Privacy,
    Retention,
    keep,
)
from core.ids import new_id
from core.privacy.declarations import Model, blanks_of, flaws
from core.privacy.holders import CORE
from core.privacy.holders import Privacy as Tools
from plugins.members.models import Assignment, Coach
from plugins.scheduling.models import TrainingSession


def test_every_table_that_names_a_person_declares_it(
    installation: Installation,
) -> None:
    holders = installation.services.get(Tools).holders
    assert {holder.id: flaws(holder.models) for holder in holders} == {
        holder.id: [] for holder in holders
    }
    known = {model for holder in holders for model in holder.models}
    mapped = {
        mapper.class_
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantModel)
        and mapper.class_.__module__.startswith(("core.", "plugins.", "tenants."))
    }
    assert known == mapped
    assert holders[-1].id == CORE


def test_those_who_build_on_others_come_first(installation: Installation) -> None:
    order = [one.id for one in installation.services.get(Tools).holders]
    assert order.index("scheduling") < order.index("members")
    for holder in installation.services.get(Tools).holders:
        tables = [model.__table__ for model in holder.models]
        for at, table in enumerate(tables):
            targets = {
                key.referred_table
                for key in table.foreign_key_constraints  # type: ignore[attr-defined]
                if key.referred_table is not table
            }
            assert not targets & set(tables[:at]), table


ABOUT_CLIENT = Personal("client_id", on_erase=ANONYMISE)
ABOUT_COACH = Personal("coach_id", on_erase=ANONYMISE, columns=())
NOBODYS = replace(ABOUT_CLIENT, columns=())


@pytest.mark.parametrize(
    ("model", "declared", "found"),
    [
        (
            TrainingSession,
            None,
            ["scheduling_sessions: names people and has no __privacy__."],
        ),
        (Coach, None, ["members_coaches: names people and has no __privacy__."]),
        (AuthSession, None, ["auth_sessions: names people and has no __privacy__."]),
        (
            Assignment,
            Personal("client_id", on_erase=DELETE),
            [
                "members_assignments.assigned_by: no rule says whom it names.",
                "members_assignments.coach_id: no rule says whom it names.",
            ],
        ),
        (
            TrainingSession,
            (NOBODYS, ABOUT_COACH),
            ["scheduling_sessions.notes: PERSONAL to nobody."],
        ),
        (
            User,
            NotPersonal("It only looks so."),
            ["users: NotPersonal, but it has PERSONAL columns or keys to users."],
        ),
        (
            TrainingSession,
            (ABOUT_CLIENT, replace(ABOUT_COACH, columns=None)),
            [
                (
                    "scheduling_sessions: the audit log seals its PERSONAL columns "
                    "with the key of client_id, and erasing coach_id would not "
                    "destroy that."
                )
            ],
        ),
        (
            RefreshToken,
            (
                Personal("user_id", on_erase=DELETE),
                Personal("session_id.whose", on_erase=DELETE),
            ),
            [
                (
                    "refresh_tokens: session_id.whose leads nowhere: type object"
                    " 'AuthSession' has no attribute 'whose'"
                )
            ],
        ),
        (
            AuthSession,
            Personal("user_id", on_erase=ANONYMISE, blanks={"colour": ""}),
            ["auth_sessions: ['colour'] are no PERSONAL columns of it."],
        ),
    ],
)
def test_what_is_forgotten_is_named(
    monkeypatch: pytest.MonkeyPatch, model: Model, declared: Privacy, found: list[str]
) -> None:
    monkeypatch.setattr(model, "__privacy__", declared)
    assert flaws([model]) == found


@pytest.mark.parametrize(
    ("model", "declared"),
    [
        (
            RefreshToken,
            (
                Personal("user_id", on_erase=keep("§ 147 AO")),
                Personal("session_id.user_id", on_erase=DELETE),
            ),
        ),
        (ApiKey, NotPersonal("A machine makes them.")),
    ],
)
def test_what_is_declared_is_fine(
    monkeypatch: pytest.MonkeyPatch, model: Model, declared: Privacy
) -> None:
    monkeypatch.setattr(model, "__privacy__", declared)
    assert flaws([model]) == []


def test_a_retention_counts_from_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApiKey, "__retention__", Retention("gone_at", days=1))
    assert flaws([ApiKey]) == ["api_keys: its retention counts from no column gone_at."]


def test_what_has_no_empty_value_needs_one() -> None:
    rule = Personal("user_id", on_erase=ANONYMISE, columns=("recorded_at",))
    with pytest.raises(TypeError, match="say one in blanks"):
        blanks_of(UserState, rule, new_id())


def test_keeping_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        keep("  ")
