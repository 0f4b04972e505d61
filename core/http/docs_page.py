"""``/api/v1/openapi.json`` and ``/api/v1/docs``: the API's reference, for each gym.

The page is Swagger UI, which comes with the package ``flask-swagger-ui``; everything it
loads is served from here, and its policy lets it load nothing else.
"""

import hashlib
import mimetypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from flask import Response, current_app, request
from marshmallow import fields

from core.context import current
from core.errors import NotFound
from core.http.blueprint import Blueprint
from core.http.envelope import JSON
from core.http.openapi import documents_of
from core.http.pipeline import Palestra
from core.http.schema import Schema

_STATIC = Path(__file__).with_name("static")
_OWN = ("docs.css", "docs.js")
_VIEWER = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_ASSET_SECONDS = 3_600

# Swagger UI's style sheet carries its icons as data: images; nothing else is inline.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

docs_blueprint = Blueprint(
    "docs", prefix="", tag="Reference", description="The API, described."
)


class OpenApiDocument(Schema):
    """An OpenAPI 3.1 document."""

    class Meta:
        unknown = "include"

    openapi = fields.String(required=True, metadata={"example": "3.1.0"})
    info = fields.Dict(required=True, metadata={"example": {"title": "Palestra"}})
    paths = fields.Dict(required=True, metadata={"example": {}})


@docs_blueprint.get(
    "/openapi.json",
    summary="Describe this gym's API",
    public=True,
    returns=OpenApiDocument,
    media_type=JSON,
)
def openapi_json() -> Response:
    """Gives the OpenAPI 3.1 document of the features that are on in this gym."""
    platform = cast("Palestra", current_app).platform
    off = platform.plugins - current().require_gym().plugins
    written = documents_of(current_app).without(frozenset(off))
    response = Response(written.at(request.script_root), content_type=JSON)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Host, X-Tenant"
    response.set_etag(written.tag)
    return cast("Response", response.make_conditional(request))


@docs_blueprint.get(
    "/docs",
    summary="Show the API's reference",
    public=True,
    media_type="text/html",
    documented=False,
)
def page() -> Response:
    """The reference as a page to browse and to try requests from."""
    response = _file(_STATIC / "docs.html")
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


@docs_blueprint.get(
    "/docs/<name>",
    summary="Give a part of the reference page",
    public=True,
    media_type="application/octet-stream",
    documented=False,
)
def asset(name: str) -> Response:
    """Style sheets, scripts and the icon of the page; the same for every gym."""
    path = _assets().get(name)
    if path is None:
        raise NotFound
    response = _file(path)
    response.cache_control.max_age = _ASSET_SECONDS
    return response


def _file(path: Path) -> Response:
    """Answers with a file, or with 304 to whoever has it already."""
    content, tag = _read(path)
    media_type = mimetypes.guess_type(path.name)[0]
    response = Response(content, mimetype=media_type)
    response.set_etag(tag)
    return cast("Response", response.make_conditional(request))


@cache
def _read(path: Path) -> tuple[bytes, str]:
    """A file and the digest of it; a handful, read once a process."""
    content = path.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:32]


@cache
def _assets() -> dict[str, Path]:
    viewer = find_spec("flask_swagger_ui")
    if viewer is None or viewer.origin is None:
        raise FileNotFoundError("Install flask-swagger-ui: it brings the viewer.")
    bundled = Path(viewer.origin).with_name("dist")
    return {name: _STATIC / name for name in _OWN} | {
        name: bundled / name for name in _VIEWER
    }
