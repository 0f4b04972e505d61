"""The HTTP edge around a Flask application without database, plugins or log-in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Flask, Request, Response, request
from flask.typing import ResponseReturnValue
from typing_extensions import override
from werkzeug.middleware.proxy_fix import ProxyFix

from core import context
from core.config import Settings
from core.context import Gym
from core.errors import AuthRequired, TenantUnknown
from core.http import errors
from core.http.cors import Cors, is_preflight
from core.http.edge import Edge
from core.http.envelope import success
from core.http.limits import RateLimits
from core.http.schema import Schema, Text
from core.ids import new_id

USER = "X-Test-User"
"""Stands for a verified token: the caller's user id."""


class NoteIn(Schema):
    text = Text(required=True)


class TinyApp(Flask):
    """Runs the steps of the real pipeline that need no transaction, in its order."""

    def __init__(
        self,
        *gyms: Gym,
        variables: Mapping[str, str] | None = None,
        limits: RateLimits | None = None,
        proxies: int = 0,
    ) -> None:
        super().__init__("tiny", static_folder=None)
        settings = Settings.load({"PALESTRA_ENV": "test", **(variables or {})})
        self.gyms = {gym.slug: gym for gym in gyms}
        self.limits = limits or RateLimits(settings.http, None)
        self.config["PALESTRA_BODY_MAX_BYTES"] = settings.http.body_max_bytes
        self.config["MAX_CONTENT_LENGTH"] = settings.http.body_max_bytes
        self.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.config["PROPAGATE_EXCEPTIONS"] = False
        errors.install(self)
        self.cors = Cors(settings.http.cors_origins, self.last_known)
        self.add_url_rule("/api/v1/things", view_func=_things)
        self.add_url_rule("/api/v1/auth/login", view_func=_things, methods=["POST"])
        self.add_url_rule("/api/v1/broken", view_func=_broken)
        self.add_url_rule("/api/v1/private", view_func=_private)
        self.add_url_rule("/health", view_func=_things)
        self.wsgi_app = Edge(  # type: ignore[method-assign]
            self.wsgi_app, [self.limits.headers, self.cors.headers]
        )
        if proxies:
            self.wsgi_app = ProxyFix(  # type: ignore[method-assign]
                self.wsgi_app, x_for=proxies
            )

    def last_known(self, request: Request) -> Gym | None:
        """The gym a request addresses."""
        return self.gyms.get(request.headers.get("X-Tenant", ""))

    @override
    def dispatch_request(self) -> ResponseReturnValue:
        self.limits.hold_address(request)
        if not request.path.startswith("/api/v1"):
            return super().dispatch_request()
        gym = self.last_known(request)
        if gym is None:
            raise TenantUnknown
        if request.path == "/api/v1/private":
            raise AuthRequired
        user = request.headers.get(USER)
        context.current().gym = gym
        if is_preflight(request):
            return self.cors.preflight(request, gym)
        self.limits.hold_caller(request, gym.id, UUID(user) if user else None)
        return super().dispatch_request()


def make_gym(slug: str = "north", **fields: Any) -> Gym:
    """A gym as the process would know it."""
    return Gym(
        id=new_id(),
        slug=slug,
        name=slug.title(),
        status="active",
        timezone="Europe/Berlin",
        locale="en",
        currency="EUR",
        version=1,
        **fields,
    )


def _things() -> Response:
    return success({"things": 1})


def _broken() -> Response:
    raise RuntimeError("secret detail")


def _private() -> Response:
    raise AssertionError("Refused before the view.")
