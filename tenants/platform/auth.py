"""Logging in and out as an operator."""

from typing import Any

from core.auth.errors import AuthLocked
from core.errors import InvalidCredentials
from core.http.blueprint import Blueprint
from tenants.platform.access import TAG, desk, operator_id
from tenants.platform.schemas import OperatorLogin, OperatorToken

auth = Blueprint(
    "platform_auth",
    prefix="/auth",
    tag=TAG,
    reach="operator",
    description="For those who run the installation; no user of a gym gets in.",
)


@auth.post(
    "/login",
    summary="Log in as an operator",
    public=True,
    body=OperatorLogin,
    returns=OperatorToken,
    errors=(AuthLocked, InvalidCredentials),
    example={
        "accessToken": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9…",
        "expiresIn": 900,
        "operator": {
            "id": "01a00000-0000-7000-8000-000000000001",
            "email": "root@example.com",
            "name": "Rita Root",
        },
    },
    request_example={"email": "root@example.com", "password": "Nine-Lamps-Glow-42"},
)
def login(body: dict[str, Any]) -> dict[str, Any]:
    """Gives a token for these routes alone; there is nothing to refresh it with."""
    entered = desk().log_in(body["email"], body["password"])
    return {
        "access_token": entered.access_token,
        "expires_in": entered.expires_in,
        "operator": entered.operator,
    }


@auth.post("/logout", summary="End all my tokens", signed_in=True, status=204)
def logout() -> None:
    """Each token of the operator is void from the next request on."""
    desk().log_out(operator_id())
