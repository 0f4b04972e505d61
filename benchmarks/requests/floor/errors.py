"""Refusals, as they go out."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        code: Stable machine-readable name.
        details: What is shown beside the message.
        headers: Extra response headers.
        keeps_work: Whether the transaction is committed all the same.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        keeps_work: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details
        self.headers = headers
        self.keeps_work = keeps_work


def malformed(where: str, faults: Mapping[str, Any]) -> Refused:
    """What was sent has another form than the route takes."""
    return Refused(
        400, "VALIDATION_ERROR", "The request is malformed.", details={where: faults}
    )


def unreadable(message: str) -> Refused:
    """What was sent cannot be read at all."""
    return Refused(400, "VALIDATION_ERROR", message)


def against_rule(where: str, faults: Mapping[str, Any]) -> Refused:
    """What was sent has the right form, and still cannot be."""
    message = "The request goes against a rule."
    return Refused(422, "UNPROCESSABLE", message, details={where: faults})


def not_found(message: str = "There is nothing here.") -> Refused:
    return Refused(404, "NOT_FOUND", message)


def unauthenticated() -> Refused:
    return Refused(401, "AUTH_REQUIRED", "Log in first.")


def forbidden(
    message: str = "You may not do this.", details: Mapping[str, Any] | None = None
) -> Refused:
    return Refused(403, "FORBIDDEN", message, details=details)


def conflict(message: str) -> Refused:
    return Refused(409, "CONFLICT", message)


def not_the_floors(what: str) -> Refused:
    """The data ask for something that no work of the benchmark does."""
    return Refused(501, "NOT_IMPLEMENTED", f"The floor does not know {what}.")
