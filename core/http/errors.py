"""Every way a request can fail, as the one envelope."""

import psycopg
import structlog
from flask import Flask, Response, request
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethod
from werkzeug.routing import RequestRedirect

from core import errors
from core.db.unit import lost_to_another
from core.errors import AppError
from core.http.envelope import failure

log = structlog.get_logger(__name__)

_BY_STATUS: dict[int, type[AppError]] = {
    400: errors.ValidationFailed,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    406: errors.NotAcceptable,
    413: errors.PayloadTooLarge,
    415: errors.UnsupportedMediaType,
}


def install(app: Flask) -> None:
    """Registers the handlers."""
    app.register_error_handler(AppError, failure)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(PoolTimeout, _unavailable)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(psycopg.OperationalError, _unavailable)
    app.register_error_handler(Exception, _defect)


def _http(error: HTTPException) -> Response:
    """Werkzeug's own refusals: no such route, a method, a body cut short."""
    if isinstance(error, RequestRedirect):
        return failure(errors.NotFound())
    known = _BY_STATUS.get(error.code or 500)
    if known is None:
        return _defect(error)
    headers = {}
    if isinstance(error, WerkzeugMethod) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return failure(known(headers=headers))


def _stale(_error: StaleDataError) -> Response:
    return failure(errors.Conflict("Somebody changed this in the meantime; try again."))


def _unavailable(error: Exception) -> Response:
    log.error("db.unavailable", reason=type(error).__name__)
    return failure(errors.Unavailable(headers={"Retry-After": "1"}))


def _database(error: DBAPIError) -> Response:
    """What the database refused; anything not foreseen is a defect of ours."""
    if lost_to_another(error) or isinstance(error.orig, pg.LockNotAvailable):
        return failure(errors.Conflict("Too many changes at once here; try again."))
    if error.connection_invalidated or _is_away(error.orig):
        return _unavailable(error)
    return _defect(error)


def _is_away(cause: BaseException | None) -> bool:
    """Whether the server ended, refused or lost the connection, or ran out of time.

    A connection that broke on the way has no SQLSTATE; the classes are connection
    exceptions, lack of resources, intervention and the system's own errors.
    """
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate[:2] in {"08", "53", "57", "58"}


def _defect(error: Exception) -> Response:
    log.error("http.defect", method=request.method, path=request.path, exc_info=error)
    return failure(errors.InternalError())
