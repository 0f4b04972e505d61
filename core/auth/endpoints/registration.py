"""Opening accounts: by oneself where the gym allows it, or by staff."""

from typing import Any

from core.auth.account_models import AuthRequest
from core.auth.account_schemas import (
    RegisteredOut,
    ResendBody,
    StatusOut,
    VerifyQuery,
)
from core.auth.endpoints.access import settings
from core.auth.errors import (
    EmailTaken,
    LinkSpent,
    PasswordTooWeak,
    RoleNotGrantable,
    RoleUnknown,
    SelfRegistrationOff,
    UsernameTaken,
)
from core.auth.jobs import answer
from core.auth.permissions import CREATE
from core.auth.registration import ask, open_for, sign_up
from core.auth.registration import verify as verify_by
from core.auth.schemas import RegisterBody
from core.context import current
from core.errors import NotFound, PlanLimit, Unprocessable
from core.http.blueprint import Blueprint
from core.jobs.outbox import enqueue

registration = Blueprint("registration", prefix="/auth", tag="Authentication")

ACCEPTED = {"status": "accepted"}


@registration.post(
    "/register",
    summary="Open an account",
    permission=CREATE,
    strangers_too=True,
    body=RegisterBody,
    returns=RegisteredOut,
    status=201,
    errors=[
        EmailTaken,
        UsernameTaken,
        PasswordTooWeak,
        PlanLimit,
        RoleNotGrantable,
        RoleUnknown,
        SelfRegistrationOff,
        Unprocessable,
    ],
    example={"status": "pending"},
    request_example={
        "email": "ada@example.com",
        "name": "Ada",
        "role": "client",
        "password": "Nine-Lamps-Glow-42",
    },
)
def register(body: dict[str, Any]) -> Any:
    """With a token: for any role that the caller may grant.

    The account is active with a password; else its owner gets a mail to choose one.

    Without a token, where the gym allows it: an account for oneself, as a client. The
    answer is the same whether or not the address has one; a mail says how to go on.
    """
    if current().actor.kind != "anonymous":
        if "role" not in body:
            raise Unprocessable(details={"body": {"role": ["Say which role."]}})
        return open_for(body, settings().server.public_url)
    see_to(sign_up(body))
    return {"status": "pending"}


@registration.get(
    "/verify",
    summary="Verify an e-mail address",
    public=True,
    query=VerifyQuery,
    returns=StatusOut,
    errors=[LinkSpent, NotFound],
    example={"status": "verified"},
)
def verify(query: dict[str, Any]) -> dict[str, str]:
    """Where links in mails lead: activates an account, or verifies a contact."""
    verify_by(query["token"])
    return {"status": "verified"}


@registration.post(
    "/verify/resend",
    summary="Send the verification mail again",
    public=True,
    body=ResendBody,
    returns=StatusOut,
    status=202,
    errors=[Unprocessable],
    example=ACCEPTED,
    request_example={"email": "ada@example.com"},
)
def resend(body: dict[str, Any]) -> dict[str, str]:
    """The answer is the same whether or not an account waits for it."""
    see_to(ask("resend", body["email"]))
    return ACCEPTED


def see_to(asked: AuthRequest) -> None:
    """Has a job answer, by mail, what a stranger asked for."""
    enqueue(
        answer,
        args={"request_id": asked.id, "public_url": settings().server.public_url},
    )
