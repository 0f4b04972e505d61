"""One's own account, at ``/me`` and at ``/users/me``."""

from typing import Any

from core.auth.errors import UsernameTaken, WordUnknown
from core.auth.profile import show_me, update_me
from core.auth.schemas import MeOut, MePatch
from core.errors import PreconditionFailed, Unprocessable
from core.http.blueprint import Blueprint

me = Blueprint("me", prefix="/me", tag="My account")
users_me = Blueprint("users_me", prefix="/users/me", tag="My account")

_ME = {
    "id": "01a00000-0000-7000-8000-000000000001",
    "email": "ada@example.com",
    "username": "ada",
    "name": "Ada Example",
    "phone": None,
    "role": "client",
    "status": "active",
    "locale": "en",
    "alias": "Ada",
    "avatarUrl": None,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
    "version": 2,
    "fitnessLevel": "beginner",
    "trainingFrequency": "weekly",
    "weight": 64.5,
    "unit": "kg",
    "permissions": ["scheduling.sessions.read"],
}
_SHOWN: dict[str, Any] = {
    "summary": "My account",
    "signed_in": True,
    "returns": MeOut,
    "versioned": True,
    "example": _ME,
}
_CHANGED: dict[str, Any] = {
    **_SHOWN,
    "summary": "Change my account",
    "body": MePatch,
    "errors": [UsernameTaken, WordUnknown, PreconditionFailed, Unprocessable],
    "request_example": {"alias": "Ada", "weight": 64.5, "unit": "kg"},
}


@me.get(**_SHOWN, during_setup=True)
@users_me.get(**_SHOWN, during_setup=True)
def show() -> dict[str, Any]:
    """Account, newest body state and permissions."""
    return show_me()


@me.patch(**_CHANGED)
@users_me.put(**_CHANGED)
def change(body: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    """Changes what is given; body values are kept as history."""
    return update_me(body, if_match=if_match)
