"""A gym whose people have profiles."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from core.testing.kit import TestGym
from plugins.members.service.people import adopt_users

Client = dict[str, Any]


@pytest.fixture
def members(gym: TestGym) -> TestGym:
    """The gym, with a profile for its client and its coach."""
    _ = gym.users
    with gym.unit():
        adopt_users()
    return gym


@pytest.fixture
def new_client(members: TestGym) -> Callable[..., Client]:
    """Adds clients; a number keeps their addresses apart."""
    made: list[Client] = []

    def create(**values: Any) -> Client:
        body = {
            "email": f"someone{len(made)}@{members.slug}.example",
            "name": f"Someone {len(made)}",
            **values,
        }
        made.append(members.api("admin").post("/members/clients", body))
        return made[-1]

    return create


@pytest.fixture
def assign(members: TestGym) -> Callable[..., Any]:
    """Assigns a coach as the admin."""

    def assign(client_id: UUID | str, coach_id: UUID | str | None, **rest: Any) -> Any:
        body = {
            "clientId": str(client_id),
            "coachId": None if coach_id is None else str(coach_id),
        }
        return members.api("admin").post(
            "/members/assign-coach", {**body, **rest}, expect=200
        )

    return assign
