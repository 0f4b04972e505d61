"""``ETag`` and ``If-Match`` for resources that carry a version."""

import re
from typing import TYPE_CHECKING, Any

from core.errors import PreconditionFailed, ValidationFailed

if TYPE_CHECKING:
    from flask import Request

_ETAG = re.compile(r'^"(\d{1,18})"$')


def etag_of(resource: Any) -> str:
    """The strong entity tag of a resource: its version in quotes."""
    version = resource["version"] if isinstance(resource, dict) else resource.version
    return f'"{version}"'


def read_if_match(request: "Request") -> int | None:
    """Reads the version the caller expects; None when any will do.

    Raises:
        ValidationFailed: The header is not one entity tag as we give them.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = _ETAG.match(header.strip())
    if match is None:
        raise ValidationFailed('If-Match takes one ETag as it was given, like "3".')
    return int(match.group(1))


def require_version(current: int, expected: int | None) -> None:
    """Holds a change to the version that its caller saw.

    Raises:
        PreconditionFailed: The resource has another version by now.
    """
    if expected is not None and current != expected:
        raise PreconditionFailed(details={"currentVersion": current})
