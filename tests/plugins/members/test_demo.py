"""Demo people, and people who joined while members was off."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from core.sdk.base import hooks
from core.sdk.users import create_user
from core.testing.kit import PASSWORD, TestGym
from plugins.members.plugin import plugin

Users = Mapping[str, Sequence[UUID]]


@pytest.fixture
def people(gym: TestGym) -> Users:
    with gym.unit():
        return {
            role: [
                create_user(
                    email=f"{role}{n}@demo.example", name=f"{role} {n}", role=role
                ).id
                for n in range(count)
            ]
            for role, count in {"coach": 3, "client": 10}.items()
        }


def _fill(gym: TestGym, users: Users) -> None:
    with gym.unit():
        plugin.demo_data(gym=gym.gym, users=users)


def _clients(gym: TestGym) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gym.api("admin").get(
        "/members/clients", query={"limit": 100, "sort": "name"}
    )
    return found


def test_demo_people_have_profiles_and_coaches(gym: TestGym, people: Users) -> None:
    _fill(gym, people)
    clients = _clients(gym)
    assert {client["id"] for client in clients} == {str(i) for i in people["client"]}
    loads = Counter(client["assignedCoachId"] for client in clients)
    assert set(loads) == {str(i) for i in people["coach"]}
    assert max(loads.values()) - min(loads.values()) <= 1
    assert all(client["goals"] for client in clients)
    assert all(client["demographics"]["dateOfBirth"] for client in clients)
    assert {client["status"] for client in clients} == {
        "lead",
        "active",
        "paused",
        "left",
    }
    coaches = gym.api("admin").get("/members/coaches")
    assert all(coach["bio"] and coach["certifications"] for coach in coaches)


def test_filling_twice_changes_nothing(gym: TestGym, people: Users) -> None:
    _fill(gym, people)
    once = _clients(gym)
    _fill(gym, people)
    assert _clients(gym) == once


def test_a_gym_without_coaches_gets_clients(gym: TestGym, people: Users) -> None:
    _fill(gym, {"client": people["client"]})
    assert {client["assignedCoachId"] for client in _clients(gym)} == {None}


def test_switching_members_on_adopts_those_who_joined_before(
    gym: TestGym, people: Users
) -> None:
    with gym.unit():
        active = create_user(
            email="on@demo.example", name="On", role="client", password=PASSWORD
        ).id
    for _twice in range(2):
        with gym.unit():
            hooks().enabled(gym=gym.gym)
    clients = {client["id"]: client["status"] for client in _clients(gym)}
    assert {clients[str(client_id)] for client_id in people["client"]} == {"lead"}
    assert clients[str(active)] == "active"
    coaches = gym.api("admin").get("/members/coaches")
    assert {str(i) for i in people["coach"]} <= {coach["id"] for coach in coaches}


def test_a_new_gym_starts_without_clients(new_gym: Callable[[], TestGym]) -> None:
    assert new_gym().api("admin").get("/members/clients") == []
