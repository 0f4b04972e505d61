"""What a request costs, in numbers that no other load on the machine can change."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import Any
from unittest.mock import patch

import orjson
from psycopg import pq
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from core.app import Installation
from core.db.driver import Connection
from core.testing.plugin import QueryCount

_OPEN = {pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR}

WARM_UP = 4
"""Runs that fill the caches, and after which psycopg has prepared what it prepares."""

RUNS = 3
"""Measured runs; the cheapest of them counts, since a cache may be renewed in one."""


@dataclass(slots=True)
class Cost:
    """What one request cost.

    Attributes:
        statements: Those that ran in its transactions, without their openings.
        messages: To the database, each waited for except the end of a reader.
        connections: How often one was taken from a pool.
        at_once: How many it held at the same time, at most.
        envelope: Bytes of the answer around its data.
        calls: Of functions written in Python.
    """

    statements: int = 0
    messages: int = 0
    connections: int = 0
    at_once: int = 0
    envelope: int = 0
    calls: int = 0


class Meter:
    """Measures requests against one installation."""

    def __init__(self, installation: Installation) -> None:
        self._databases = installation.databases

    def cost(self, request: Callable[[], TestResponse]) -> Cost:
        """What a request costs once everything is warm.

        Args:
            request: Makes the request; another one of the same kind each time, where
                the same one would be another thing the second time.
        """
        for _ in range(WARM_UP):
            _succeed(request)
        found = [self._measured(request) for _ in range(RUNS)]
        cheapest = min(found, key=lambda one: (one.messages, one.statements))
        cheapest.calls = min(calls_of(lambda: _succeed(request)) for _ in range(RUNS))
        return cheapest

    def _measured(self, request: Callable[[], TestResponse]) -> Cost:
        cost = Cost()
        with ExitStack() as stack:
            query = stack.enter_context(QueryCount(self._databases.app))
            for engine in (self._databases.app, self._databases.operator):
                stack.enter_context(_connections(engine, cost))
            stack.enter_context(_messages(self._databases, cost))
            answer = _succeed(request)
        cost.statements = len(query)
        if answer.data:
            body = answer.get_json()
            cost.envelope = len(answer.data) - len(orjson.dumps(body["data"]))
        return cost


def calls_of(work: Callable[[], object]) -> int:
    """How many functions written in Python are called, on this thread."""
    count = 0

    def note(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal count
        count += what == "call"

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what it finds calls functions, too
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def _succeed(request: Callable[[], TestResponse]) -> TestResponse:
    answer = request()
    assert answer.status_code < 300, answer.get_data(as_text=True)
    return answer


@contextmanager
def _connections(engine: Engine, cost: Cost) -> Iterator[None]:
    """Counts the connections that leave a pool."""
    held = 0

    def taken(*_arguments: object) -> None:
        nonlocal held
        held += 1
        cost.connections += 1
        cost.at_once = max(cost.at_once, held)

    def given_back(*_arguments: object) -> None:
        nonlocal held
        held -= 1

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", given_back)
    try:
        yield
    finally:
        event.remove(engine, "checkout", taken)
        event.remove(engine, "checkin", given_back)


@contextmanager
def _messages(databases: Any, cost: Cost) -> Iterator[None]:
    """Counts what goes to the server: by the driver's short way, and by cursors."""

    def note(*_arguments: object) -> None:
        cost.messages += 1

    with ExitStack() as stack:
        for name in ("open", "run", "tell", "commit", "rollback"):
            stack.enter_context(patch.object(Connection, name, _counted(name, note)))
        for engine in (databases.app, databases.operator):
            event.listen(engine, "before_cursor_execute", note)
            stack.callback(event.remove, engine, "before_cursor_execute", note)
        yield


def _counted(name: str, note: Callable[[], None]) -> Callable[..., Any]:
    original: Callable[..., Any] = getattr(Connection, name)
    ends = name in {"commit", "rollback"}

    @wraps(original)
    def counted(self: Connection, *arguments: Any, **options: Any) -> Any:
        # An end is a message where there is something to end.
        if not ends or is_open(self):
            note()
        return original(self, *arguments, **options)

    return counted


def is_open(connection: Connection) -> bool:
    """Whether a transaction is open that nobody has ended."""
    return connection.pgconn.transaction_status in _OPEN
