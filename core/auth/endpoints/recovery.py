"""Forgotten and changed passwords."""

from typing import Any

from flask import Response, request

from core.auth.account_schemas import (
    ChangeBody,
    ChangedOut,
    ForgotBody,
    ResetBody,
    StatusOut,
)
from core.auth.endpoints.access import identity
from core.auth.endpoints.known_devices import remember
from core.auth.endpoints.registration import ACCEPTED, see_to
from core.auth.errors import AuthLocked, LinkSpent, PasswordTooWeak
from core.auth.models import User
from core.auth.recovery import change as change_password
from core.auth.recovery import reset as reset_password
from core.auth.registration import ask
from core.auth.schemas import BEARER, COOKIE
from core.errors import InvalidCredentials, NotFound, Unprocessable
from core.http.blueprint import Blueprint
from core.http.envelope import success
from core.http.pipeline import step

recovery = Blueprint("recovery", prefix="/auth/password", tag="Authentication")


@recovery.post(
    "/forgot",
    summary="Ask for a new password",
    public=True,
    body=ForgotBody,
    returns=StatusOut,
    status=202,
    errors=[Unprocessable],
    example=ACCEPTED,
    request_example={"login": "ada@example.com"},
)
def forgot(body: dict[str, Any]) -> dict[str, str]:
    """Mails a link that sets one; the answer tells nothing about the account."""
    names = [body[key] for key in ("login", "email") if key in body]
    if len(names) != 1:
        raise Unprocessable(
            details={"body": {"login": ["Give either login or email."]}}
        )
    see_to(ask("forgot", names[0]))
    return ACCEPTED


@recovery.post(
    "/reset",
    summary="Set a password by a link",
    public=True,
    stepwise=True,
    body=ResetBody,
    returns=ChangedOut,
    errors=[AuthLocked, LinkSpent, NotFound, PasswordTooWeak],
    example={"status": "changed"},
    request_example={"token": "Zk3v0rXw1nD4m…", "newPassword": "Nine-Lamps-Glow-42"},
)
def reset(body: dict[str, Any]) -> Response:
    """For forgotten passwords and for invitations; each link works once.

    All log-ins of the person end, and nobody is logged in: a second factor is asked
    for by the next log-in.
    """
    return _changed(reset_password(body["token"], body["new_password"], step))


@recovery.post(
    "/change",
    summary="Change my password",
    signed_in=True,
    during_setup=True,
    stepwise=True,
    body=ChangeBody,
    returns=ChangedOut,
    errors=[AuthLocked, InvalidCredentials, PasswordTooWeak],
    example={"status": "changed"},
    request_example={
        "currentPassword": "Nine-Lamps-Glow-42",
        "newPassword": "Ten-Lamps-Glow-43!",
    },
)
def change(body: dict[str, Any]) -> Response:
    """My other log-ins end; this one goes on."""
    return _changed(
        change_password(body["current_password"], body["new_password"], step)
    )


def _changed(user: User) -> Response:
    """Whoever set the password owns the account, so this device becomes known."""
    by_cookie = identity().cookies.access_token(request) is not None
    response = success({"status": "changed"})
    token = remember(user, mode=COOKIE if by_cookie else BEARER, response=response)
    if token is not None:
        response = success({"status": "changed", "deviceToken": token})
    return response
