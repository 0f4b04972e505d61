"""The gym's accounts, for those who manage them."""

from typing import Any
from uuid import UUID

from core.auth.accounts import end_sessions_of, get_user, list_users, update_user
from core.auth.errors import (
    AccountErased,
    LastAdmin,
    NotYourself,
    RoleNotGrantable,
    RoleUnknown,
    UsernameTaken,
)
from core.auth.models import User
from core.auth.permissions import END_SESSIONS, READ, RESET_TOTP, UPDATE
from core.auth.schemas import UserOut, UserPatch, UserQuery
from core.auth.totp.errors import TotpNotEnabled
from core.auth.totp.resetting import reset_second_factor
from core.errors import NotFound, PlanLimit, PreconditionFailed, Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page

users = Blueprint("users", prefix="/users", tag="Users")

_USER = {
    "id": "01a00000-0000-7000-8000-000000000001",
    "email": "cem@example.com",
    "username": None,
    "name": "Cem Example",
    "phone": None,
    "role": "coach",
    "status": "active",
    "locale": None,
    "alias": None,
    "avatarUrl": None,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
    "version": 1,
}


@users.get(
    summary="Accounts",
    permission=READ,
    query=UserQuery,
    returns=UserOut,
    paged=True,
    example=[_USER],
)
def index(query: dict[str, Any]) -> Page:
    """Filtered by role and status; ``q`` looks in names and addresses."""
    return list_users(query)


@users.get(
    "/<uuid:user_id>",
    summary="One account",
    permission=READ,
    returns=UserOut,
    versioned=True,
    errors=[NotFound],
    example=_USER,
)
def show(user_id: UUID) -> User:
    """Any account of the gym within the caller's reach."""
    return get_user(user_id)


@users.patch(
    "/<uuid:user_id>",
    summary="Change an account",
    permission=UPDATE,
    body=UserPatch,
    returns=UserOut,
    versioned=True,
    errors=[
        NotFound,
        AccountErased,
        LastAdmin,
        NotYourself,
        PlanLimit,
        PreconditionFailed,
        RoleNotGrantable,
        RoleUnknown,
        Unprocessable,
        UsernameTaken,
    ],
    example=_USER,
    request_example={"role": "coach"},
)
def change(user_id: UUID, body: dict[str, Any], if_match: int | None) -> User:
    """A new role or status takes effect with the person's next request."""
    return update_user(user_id, body, if_match=if_match)


@users.delete(
    "/<uuid:user_id>/auth-sessions",
    summary="End all log-ins of a person",
    permission=END_SESSIONS,
    status=204,
    errors=[NotFound, RoleNotGrantable],
)
def end_log_ins(user_id: UUID) -> None:
    """Every token of theirs is void from the next request on."""
    end_sessions_of(user_id)


@users.delete(
    "/<uuid:user_id>/totp",
    summary="Switch a person's second factor off",
    permission=RESET_TOTP,
    status=204,
    errors=[NotFound, NotYourself, RoleNotGrantable, TotpNotEnabled],
)
def reset_totp(user_id: UUID) -> None:
    """For who lost it: ends their log-ins too, and tells them by mail."""
    reset_second_factor(user_id)
