"""Getting in: a token by log-in, and the way to a deep page of the audit log."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from benchmarks.requests.data import MEASURED, Facts
from benchmarks.requests.load import BadAnswer, Connection, Planned
from benchmarks.requests.works import (
    DEEP,
    PAGE,
    Access,
    Target,
    audits_target,
    login_target,
    message,
)

_OK: Final = 200


def enter(ports: Sequence[int], known: Facts, *, deep: bool) -> list[Access]:
    """Logs the admin of the measured gym in at every contender.

    Args:
        ports: Of the contenders.
        known: Says who the admin is.
        deep: Whether to read on to page ``DEEP`` of the audit log as well. That comes
            after all log-ins, as each of these writes into the log.

    Raises:
        BadAnswer: A contender does not let us in, or the log ends before.
    """
    tokens = [log_in(port, known) for port in ports]
    return [
        Access(token, _walk(port, token) if deep else "")
        for port, token in zip(ports, tokens, strict=True)
    ]


def log_in(port: int, known: Facts) -> str:
    """An access token of the admin; it lasts for a quarter of an hour.

    Raises:
        BadAnswer: The contender does not let us in.
    """
    with Connection(port) as connection:
        token: str = _ask(connection, login_target(known.admin))["data"]["accessToken"]
    return token


def _walk(port: int, token: str) -> str:
    """Reads pages from the first on, until the cursor of page ``DEEP``."""
    with Connection(port) as connection:
        return _deep_cursor(connection, token)


def _deep_cursor(connection: Connection, token: str) -> str:
    cursor = ""
    for number in range(1, DEEP):
        answer = _ask(connection, audits_target(cursor), token)
        if len(answer["data"]) != PAGE:
            raise BadAnswer(f"Page {number} of the audit log is not full.")
        cursor = answer["meta"]["pagination"]["nextCursor"]
    return cursor


def _ask(connection: Connection, target: Target, token: str = "") -> Any:
    method, path, body = target
    headers = {"Host": "127.0.0.1", "X-Tenant": MEASURED}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body:
        headers |= {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
    raw = message(method, path, headers, body)
    status, _head, answer = connection.ask(Planned("enter", raw, _OK))
    if status != _OK:
        raise BadAnswer(f"{method} {path} is answered {status}: {answer[:600]!r}")
    return orjson.loads(answer)
