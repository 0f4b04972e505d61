"""From settings to a WSGI application."""

from itertools import chain
from typing import TYPE_CHECKING, Any

import flask_smorest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from core.app.figures import count_together, door_of, exposition_of
from core.app.installation import Installation
from core.app.parts import PARTS
from core.app.readiness import checks
from core.auth.identity import JwtIdentity
from core.auth.keys import KeyRing
from core.auth.tokens import OperatorTokens
from core.config import Settings
from core.config.secrets import derive_key
from core.http import errors, metrics, system
from core.http.bodies import BodyMiddleware, is_streamed
from core.http.cors import Cors
from core.http.docs_page import docs_blueprint
from core.http.edge import PROBES, Edge
from core.http.limits import RateLimits
from core.http.openapi import install as install_openapi
from core.http.pipeline import Palestra, Platform
from core.http.tenancy import PathPrefixMiddleware
from core.http.turns import Turns
from core.logging import configure_logging

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def create_app(
    settings: Settings | None = None, *, installation: Installation | None = None
) -> Palestra:
    """Builds the application.

    Args:
        settings: Read from the environment when neither argument is given.
        installation: The parts to build it from; takes precedence.
    """
    is_web_process = installation is None
    if installation is None:
        installation = Installation(settings or Settings.load())
        configure_logging(installation.settings.log)
        installation.start_without_faulty_plugins()
        count_together(installation.settings, "web")
    return _compose(installation, takes_turns=is_web_process)


def _compose(installation: Installation, *, takes_turns: bool) -> Palestra:
    settings = installation.settings
    app = Palestra("palestra", static_folder=None)
    app.config.update(_flask_config(settings))
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    keys = KeyRing.open(settings)
    app.platform = Platform(
        gyms=installation.gyms,
        identity=JwtIdentity(settings, keys, lambda: installation.permissions),
        units=installation.units(),
        plugins=installation.plugins.switchable,
        hooks_for=installation.plugins.for_tenant,
        limits=RateLimits(settings.http, settings.jobs.redis_url),
        cors=Cors(settings.http.cors_origins, installation.gyms.last_known),
        operators=installation.directory.operators(
            OperatorTokens(settings, keys),
            installation.units("operator"),
            derive_key(settings, "log-in names"),
        ),
        count=installation.directory.count_request,
    )
    app.extensions["palestra"] = installation
    app.extensions["palestra-keys"] = keys
    _keep_cursor_secret(app, settings)
    _mount(app, installation)
    # After flask-smorest, which registers a handler of its own.
    errors.install(app)
    _wrap(app, settings, takes_turns=takes_turns)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "API_TITLE": "Palestra",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "PALESTRA_BODY_MAX_BYTES": settings.http.body_max_bytes,
        # One more than is taken, so that a body without a length which reaches the
        # bound is seen to be too large instead of being cut to fit.
        "MAX_CONTENT_LENGTH": settings.http.body_max_bytes + 1,
        "PROPAGATE_EXCEPTIONS": False,
        "PROVIDE_AUTOMATIC_OPTIONS": False,
        "TRAP_HTTP_EXCEPTIONS": False,
    }


def _keep_cursor_secret(app: Flask, settings: Settings) -> None:
    """Gives cursors the key of the current master key, whenever one is made or read.

    So processes agree on it from the moment of a rotation on. Cursors of before end
    there: a reader begins again.
    """
    app.config["PALESTRA_CURSOR_SECRET"] = lambda: derive_key(settings, "cursor")


def _mount(app: Flask, installation: Installation) -> None:
    """Registers core's blueprints, then the plugins' in load order."""
    api = flask_smorest.Api(app)
    own = [
        system.blueprint(checks(installation)),
        metrics.blueprint(
            exposition_of(installation, checks(installation)).render,
            door_of(installation.settings),
            behind_proxies=installation.settings.server.trusted_proxies > 0,
        ),
        *chain.from_iterable(part.blueprints for part in PARTS),
        docs_blueprint,
    ]
    contributed = [
        blueprint
        for group in installation.plugins.all_gyms.blueprints()
        for blueprint in group
    ]
    for blueprint in [*own, *contributed]:
        api.register_blueprint(blueprint)
    install_openapi(app, api)


def _takes_no_turn(environ: "WSGIEnvironment") -> bool:
    """Content of files takes long; a probe that waits would tell of an outage."""
    return is_streamed(environ) or environ.get("PATH_INFO") in PROBES


def _wrap(app: Palestra, settings: Settings, *, takes_turns: bool) -> None:
    """Wraps the WSGI callable; the outermost layer is added last."""
    app.wsgi_app = PathPrefixMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    if takes_turns:
        app.wsgi_app = Turns(app.wsgi_app, _takes_no_turn)  # type: ignore[method-assign]
    app.wsgi_app = BodyMiddleware(  # type: ignore[method-assign]
        app.wsgi_app,
        max_bytes=settings.http.body_max_bytes,
        at_once=settings.server.threads - 1,
    )
    platform = app.platform
    app.wsgi_app = Edge(  # type: ignore[method-assign]
        app.wsgi_app, [platform.limits.headers, platform.cors.headers]
    )
    hops = settings.server.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
