"""What every answer has in common: headers, trace ids, and the line in the log."""

import hashlib
import json
import logging
import re
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from benchmarks.requests.peers.common.clock import as_rfc3339, new_id, utc_now
from benchmarks.requests.peers.common.errors import Unprocessable

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
MAX_LIMIT: Final = 100
MAX_PAGE: Final = 1_000_000

_WELL_FORMED = re.compile(r"^[A-Za-z0-9._-]{8,128}$")
_log = logging.getLogger("peer.http")


class _Lines(logging.Formatter):
    """One JSON object a line."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "ts": as_rfc3339(utc_now()),
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


def configure_logging() -> None:
    """Sends the log to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO)
    # Django writes a line of its own for each refusal.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def log_request(**told: Any) -> None:
    """Writes the one line of a request."""
    _log.info("http.request", extra={"told": told})


def trace_id_of(given: str | None) -> str:
    """The caller's trace id where it is one, else a fresh one."""
    return given if given and _WELL_FORMED.match(given) else str(new_id())


def pagination(page: int, limit: int, total: int) -> dict[str, Any]:
    """The ``pagination`` part of ``meta``."""
    pages = -(-total // limit)
    return {"limit": limit, "page": page, "total": total, "pages": pages}


def write_cursor(at: datetime, row_id: UUID) -> str:
    """Where a list that runs back in time goes on."""
    return urlsafe_b64encode(f"{at.isoformat()}|{row_id}".encode()).decode()


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """Reads back what ``write_cursor`` wrote.

    Raises:
        Unprocessable: It is something else.
    """
    try:
        at, _, row_id = urlsafe_b64decode(text).decode().partition("|")
        return datetime.fromisoformat(at), UUID(row_id)
    except ValueError as error:
        told = {"query": {"cursor": ["Pass on nextCursor as it was given."]}}
        raise Unprocessable(details=told) from error


def digest(*parts: object) -> bytes:
    """A digest that no two different sequences of parts share."""
    raw = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    lengths = json.dumps([len(part) for part in raw]).encode()
    return hashlib.sha256(lengths + b"".join(raw)).digest()
