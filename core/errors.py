"""Errors that callers see: a class each, with its code, status and one sentence.

A service raises them; the HTTP edge turns them into the error envelope, the CLI
into one line. Anything else that escapes is a defect and answers ``INTERNAL``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override


class AppError(Exception):
    """An expected refusal.

    Attributes:
        code: Stable machine-readable name, in upper snake case.
        status: The HTTP status it is answered with.
        message: The sentence shown when the raiser gives none.
        headers: Extra response headers, such as ``Retry-After``.
        keeps_work: Whether the unit of work is committed although the request
            is refused (only for security bookkeeping such as a revocation).
    """

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong on our side."
    keeps_work: ClassVar[bool] = False

    registry: ClassVar[dict[str, type["AppError"]]] = {}

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.details = dict(details) if details else None
        self.headers = dict(headers or {})

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return
        known = AppError.registry.setdefault(cls.code, cls)
        if known.__qualname__ != cls.__qualname__ or known.__module__ != cls.__module__:
            raise TypeError(f"Two error classes claim the code {cls.code}.")


class InternalError(AppError):
    """A defect of ours; the details are in the log under the trace id."""

    code = "INTERNAL"


class ValidationFailed(AppError):
    """The request is malformed: an unknown field, a wrong type, a bad value."""

    code = "VALIDATION_ERROR"
    status = 400
    message = "The request is malformed."


class Unprocessable(AppError):
    """The request is well formed but against a rule."""

    code = "UNPROCESSABLE"
    status = 422
    message = "The request goes against a rule."


class AuthRequired(AppError):
    """Nobody is logged in, or the token is not valid."""

    code = "AUTH_REQUIRED"
    status = 401
    message = "Log in first."


class InvalidCredentials(AppError):
    """The log-in name or the password is wrong; which of them is not said."""

    code = "AUTH_INVALID_CREDENTIALS"
    status = 401
    message = "The log-in name or the password is wrong."


class TokenExpired(AppError):
    """The access token has run out; refresh it."""

    code = "AUTH_TOKEN_EXPIRED"
    status = 401
    message = "The access token has expired."


class Forbidden(AppError):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"
    status = 403
    message = "You may not do this."


class PlanLimit(Forbidden):
    """The gym's plan allows no more of this; ``details`` names the limit."""

    code = "PLAN_LIMIT"
    message = "Your gym's plan does not allow more of this."


class CsrfRefused(Forbidden):
    """Cookies vouch for the caller, but the page that sent them does not."""

    code = "AUTH_CSRF"
    message = "Send the value of the CSRF cookie in the header X-CSRF-Token."


class TotpSetupRequired(Forbidden):
    """The gym asks for a second factor, and the caller has none yet."""

    code = "AUTH_TOTP_SETUP_REQUIRED"
    message = "Your gym asks for a second factor; set it up first."


class TenantMismatch(AppError):
    """The token was issued by another gym than the one addressed."""

    code = "TENANT_MISMATCH"
    status = 403
    message = "This token belongs to another gym."


class TenantSuspended(AppError):
    """The gym is suspended or closed by the operator."""

    code = "TENANT_SUSPENDED"
    status = 403
    message = "This gym is suspended."


class NotFound(AppError):
    """There is no such thing in this gym."""

    code = "NOT_FOUND"
    status = 404
    message = "There is nothing here."


class TenantUnknown(AppError):
    """The request names no gym, or one that does not exist."""

    code = "TENANT_UNKNOWN"
    status = 404
    message = "No such gym. Name one by host, by /t/<slug>, or by X-Tenant."


class PluginDisabled(AppError):
    """The feature is switched off in this gym."""

    code = "PLUGIN_DISABLED"
    status = 404
    message = "This feature is switched off in this gym."


class MethodNotAllowed(AppError):
    """The path exists, but not for this method."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    message = "This method is not allowed here."


class NotAcceptable(AppError):
    """The caller accepts no media type that we can answer with."""

    code = "NOT_ACCEPTABLE"
    status = 406
    message = "None of the accepted media types can be produced."


class Conflict(AppError):
    """The request collides with the present state."""

    code = "CONFLICT"
    status = 409
    message = "This collides with the present state."


class Gone(AppError):
    """The thing existed and is no longer to be had."""

    code = "GONE"
    status = 410
    message = "This is no longer available."


class PreconditionFailed(AppError):
    """``If-Match`` names a version that is not the current one."""

    code = "PRECONDITION_FAILED"
    status = 412
    message = "Somebody changed this in the meantime; fetch it again."


class PayloadTooLarge(AppError):
    """The body is larger than this route takes."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413
    message = "The body is too large."


class UnsupportedMediaType(AppError):
    """The body is not in a media type that this route takes."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    message = "Send the body as application/json."


class IdempotencyKeyReused(AppError):
    """The key was used before with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
    message = "This Idempotency-Key was used with another request."


class IdempotencyInProgress(AppError):
    """A request with this key is still running."""

    code = "IDEMPOTENCY_IN_PROGRESS"
    status = 409
    message = "A request with this Idempotency-Key is still running."


class RateLimited(AppError):
    """Too many requests in too short a time."""

    code = "RATE_LIMITED"
    status = 429
    message = "Too many requests; slow down."


class ProviderFailed(AppError):
    """A service outside the platform failed or gave no usable answer."""

    code = "PROVIDER_ERROR"
    status = 502
    message = "An outside service failed; try again later."


class Unavailable(AppError):
    """The platform cannot serve at this moment (its database is away)."""

    code = "UNAVAILABLE"
    status = 503
    message = "The service is not available right now; try again shortly."


class PluginInUse(Conflict):
    """A gym has the plugin on, so its data cannot be deleted; details name some."""

    code = "PLUGIN_IN_USE"
    message = "Gyms have this plugin on; switch it off there first."
