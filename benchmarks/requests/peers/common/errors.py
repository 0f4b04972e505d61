"""What is refused: a class for each code of the wire."""

from collections.abc import Mapping
from typing import Any, ClassVar


class Refused(Exception):
    """An expected refusal.

    Attributes:
        code: Its name on the wire.
        status: The HTTP status it is answered with.
        message: One sentence for the caller.
    """

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong on our side."

    def __init__(
        self, message: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message or self.message)
        self.details = details

    def body(self) -> dict[str, Any]:
        """The ``error`` part of the answer."""
        told: dict[str, Any] = {"code": self.code, "message": str(self)}
        return {**told, "details": dict(self.details)} if self.details else told


class ValidationFailed(Refused):
    code = "VALIDATION_ERROR"
    status = 400
    message = "The request is malformed."


class Unprocessable(Refused):
    code = "UNPROCESSABLE"
    status = 422
    message = "The request goes against a rule."


class AuthRequired(Refused):
    code = "AUTH_REQUIRED"
    status = 401
    message = "Log in first."


class InvalidCredentials(Refused):
    code = "AUTH_INVALID_CREDENTIALS"
    status = 401
    message = "The log-in name or the password is wrong."


class TokenExpired(Refused):
    code = "AUTH_TOKEN_EXPIRED"
    status = 401
    message = "The access token has expired."


class Forbidden(Refused):
    code = "FORBIDDEN"
    status = 403
    message = "You may not do this."


class TenantMismatch(Refused):
    code = "TENANT_MISMATCH"
    status = 403
    message = "This token belongs to another gym."


class TenantSuspended(Refused):
    code = "TENANT_SUSPENDED"
    status = 403
    message = "This gym is suspended."


class TenantUnknown(Refused):
    code = "TENANT_UNKNOWN"
    status = 404
    message = "No such gym. Name one by X-Tenant."


class NotFound(Refused):
    code = "NOT_FOUND"
    status = 404
    message = "There is nothing here."


class PreconditionFailed(Refused):
    code = "PRECONDITION_FAILED"
    status = 412
    message = "Somebody changed this in the meantime; fetch it again."


class IdempotencyKeyReused(Refused):
    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
    message = "This Idempotency-Key was used with another request."


class IdempotencyInProgress(Refused):
    code = "IDEMPOTENCY_IN_PROGRESS"
    status = 409
    message = "A request with this Idempotency-Key is still running."


class SessionMissing(NotFound):
    message = "There is no such session."


class CoachUnknown(NotFound):
    code = "SESS_COACH_UNKNOWN"
    message = "There is no such coach."


class ClientUnknown(NotFound):
    code = "SESS_CLIENT_UNKNOWN"
    message = "There is no such client."


class IntervalInvalid(Unprocessable):
    code = "SESS_INTERVAL_INVALID"
    message = "A session lasts from 5 minutes to 8 hours."


class InPast(Unprocessable):
    code = "SESS_IN_PAST"
    message = "This time has passed already."


class OutsideAvailability(Unprocessable):
    code = "SESS_OUTSIDE_AVAILABILITY"
    message = "The coach cannot be booked at this time."


class Overlap(Refused):
    code = "SESS_OVERLAP"
    status = 409
    message = "There is another session at this time."


class TransitionIllegal(Refused):
    code = "SESS_ILLEGAL_TRANSITION"
    status = 409
    message = "Only a scheduled session can be moved."


class PassNotFound(NotFound):
    code = "PASS_NOT_FOUND"
    message = "There is no such pass."


class PassClientUnknown(NotFound):
    code = "PASS_CLIENT_UNKNOWN"
    message = "There is no such client."


class PassSessionUnknown(NotFound):
    code = "PASS_SESSION_UNKNOWN"
    message = "There is no such session."


class SessionUnfit(Unprocessable):
    code = "PASS_SESSION_UNFIT"
    message = "This pass cannot pay for that session."


class SessionCovered(Refused):
    code = "PASS_SESSION_COVERED"
    status = 409
    message = "A use was taken for this session already."


class PassExpired(Refused):
    code = "PASS_EXPIRED"
    status = 410
    message = "This pass has expired."


class PassRevoked(Refused):
    code = "PASS_REVOKED"
    status = 410
    message = "This pass was revoked."


class AlreadyRedeemed(Refused):
    code = "PASS_ALREADY_REDEEMED"
    status = 409
    message = "This pass has no uses left."


class AllowanceUsed(Refused):
    code = "PASS_ALLOWANCE_USED"
    status = 409
    message = "This membership grants no more sessions in this week or month."


class PassPaused(Refused):
    code = "PASS_PAUSED"
    status = 409
    message = "This pass is paused."


class PassBlocked(Refused):
    code = "PASS_BLOCKED"
    status = 409
    message = "This pass is blocked; ask at the desk."


class NotStarted(Refused):
    code = "PASS_NOT_STARTED"
    status = 409
    message = "This pass is not valid yet."


class TooManyMisses(Refused):
    code = "RATE_LIMITED"
    status = 429
    message = "Too many unknown codes; try again later."
