"""The gym's API keys, and the note of their use."""

from typing import Any, cast
from uuid import UUID

from flask import Response, current_app

from core.access import RowScope
from core.auth.apikeys.errors import (
    ApiKeyExpiry,
    ApiKeyLimit,
    ApiKeyPeopleOnly,
    ApiKeyTooStrong,
)
from core.auth.apikeys.schemas import (
    ApiKeyBody,
    ApiKeyOut,
    ApiKeyQuery,
    NewApiKeyOut,
)
from core.auth.apikeys.service import NewKey, create_key, list_keys, revoke_key
from core.auth.endpoints.access import identity
from core.auth.permissions import MANAGE_KEYS
from core.context import current
from core.errors import NotFound, Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.http.pipeline import Palestra
from core.rbac.errors import PermissionUnknown

api_keys = Blueprint("api_keys", prefix="/api-keys", tag="API keys")

_KEY = {
    "id": "01a00000-0000-7000-8000-000000000003",
    "name": "Accounting",
    "prefix": "pk_03K2mQ0aVt2LkZ9Yc4HdEw",
    "permissions": ["users.user.read"],
    "scope": "all",
    "clientIds": [],
    "status": "active",
    "createdBy": "01a00000-0000-7000-8000-000000000001",
    "createdAt": "2026-03-01T09:00:00Z",
    "expiresAt": "2027-06-30T00:00:00Z",
    "lastUsedAt": None,
    "revokedAt": None,
}


@api_keys.get(
    summary="API keys",
    permission=MANAGE_KEYS,
    query=ApiKeyQuery,
    returns=ApiKeyOut,
    paged=True,
    example=[_KEY],
)
def index(query: dict[str, Any]) -> Page:
    """The gym's keys, without their secrets."""
    return list_keys(query)


@api_keys.post(
    summary="Make an API key",
    permission=MANAGE_KEYS,
    body=ApiKeyBody,
    returns=NewApiKeyOut,
    status=201,
    keeps_answer=False,
    errors=[
        ApiKeyExpiry,
        ApiKeyLimit,
        ApiKeyPeopleOnly,
        ApiKeyTooStrong,
        NotFound,
        PermissionUnknown,
        Unprocessable,
    ],
    example={**_KEY, "key": "pk_03K2mQ0aVt2LkZ9Yc4HdEw…_…"},
    request_example={
        "name": "Accounting",
        "permissions": ["users.user.read"],
        "scope": "all",
        "expiresAt": "2027-06-30T00:00:00Z",
    },
)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """The answer holds the whole key, this one time, and is kept nowhere.

    So it takes no ``Idempotency-Key``: when an answer is lost, revoke the key.
    """
    return create_key(
        identity().roles, NewKey(**{**body, "scope": RowScope(body["scope"])})
    )


@api_keys.delete(
    "/<uuid:key_id>",
    summary="Revoke an API key",
    permission=MANAGE_KEYS,
    status=204,
    errors=[NotFound],
)
def revoke(key_id: UUID) -> None:
    """The next request with it is refused."""
    revoke_key(key_id)


def note_use(response: Response) -> Response:
    """Keeps ``lastUsedAt``, after the request's own transaction has ended."""
    here = current()
    if here.gym is not None and here.actor.api_key_id is not None:
        units = cast("Palestra", current_app).platform.units
        identity().api_keys.note_use(units, here.gym.id, here.actor.api_key_id)
    return response


api_keys.after_app_request(note_use)
