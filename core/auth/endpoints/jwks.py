"""The public keys, for whoever wants to check our tokens."""

from flask import Response

from core.auth.endpoints.access import identity
from core.auth.keys import PUBLISHED_FIRST
from core.http.blueprint import Blueprint
from core.http.envelope import json_response

_MEDIA_TYPE = "application/jwk-set+json"

jwks = Blueprint("jwks", prefix="", tag="Authentication", reach="installation")


@jwks.get(
    "/.well-known/jwks.json",
    summary="Public keys that verify access tokens",
    public=True,
    media_type=_MEDIA_TYPE,
)
def show_keys() -> Response:
    """A JSON Web Key Set (RFC 7517); the next key is in it before it signs."""
    seconds = int(PUBLISHED_FIRST.total_seconds())
    response = json_response(
        identity().keys.published(),
        status=200,
        headers={"Cache-Control": f"public, max-age={seconds}"},
    )
    response.content_type = _MEDIA_TYPE
    return response
