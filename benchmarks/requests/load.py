"""The load: requests over connections that stay open, timed one by one.

It runs on the same processors as what it measures, so it does as little as it can:
requests are made before the clock runs, and of an answer it reads the status and how
long it is.
"""

import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from select import select
from typing import Final, Self

_PATIENCE_S: Final = 30.0
_CHUNK: Final = 262_144
_STATUS: Final = slice(9, 12)
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_END: Final = b"\r\n\r\n"


class BadAnswer(Exception):
    """A server answered what is no HTTP, or ended the connection."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request to be sent.

    Attributes:
        work: Its kind, for the count.
        raw: The bytes.
        status: Of its success.
    """

    work: str
    raw: bytes
    status: int


@dataclass(slots=True)
class Tally:
    """What came back.

    Attributes:
        elapsed_s: From the first request to the last answer.
        latencies_s: Of the answers, by work.
        errors: Answers with another status than that of success, by status.
        sample: The first such answer, for the message.
    """

    elapsed_s: float = 0.0
    latencies_s: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    sample: bytes = b""

    @property
    def answers(self) -> int:
        """How many there were, errors included."""
        return sum(len(kind) for kind in self.latencies_s.values())

    @property
    def failed(self) -> int:
        """How many of them were errors."""
        return sum(self.errors.values())

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.elapsed_s if self.elapsed_s else 0.0

    def quantile_s(self, share: float) -> float:
        """The latency that ``share`` of all answers keep."""
        return quantile(
            [one for kind in self.latencies_s.values() for one in kind], share
        )

    def add(self, planned: Planned, status: int, took_s: float, raw: bytes) -> None:
        """Counts an answer."""
        self.latencies_s.setdefault(planned.work, []).append(took_s)
        if status != planned.status:
            self.errors[status] = self.errors.get(status, 0) + 1
            self.sample = self.sample or raw


class Connection:
    """One connection, with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""
        self._needed = 0
        self.planned: Planned | None = None
        self.began_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """For ``select``."""
        return self._socket.fileno()

    def send(self, planned: Planned, at: float) -> None:
        """Sends a request whose time counts from ``at``."""
        self.planned, self.began_at = planned, at
        self._got, self._needed = b"", 0
        self._socket.sendall(planned.raw)

    def receive(self) -> bytes | None:
        """Takes in what has arrived; returns the whole answer when it is there.

        Raises:
            BadAnswer: It cannot be read.
        """
        chunk = self._socket.recv(_CHUNK)
        if not chunk:
            raise BadAnswer(f"The server hung up after {self._got[:200]!r}.")
        self._got += chunk
        if not self._needed:
            self._needed = length_of(self._got)
        if not self._needed or len(self._got) < self._needed:
            return None
        return self._got

    def ask(self, planned: Planned) -> tuple[int, bytes, bytes]:
        """Sends a request and waits.

        Returns:
            The status, the headers and the body.

        Raises:
            BadAnswer: The answer cannot be read.
        """
        self.send(planned, 0.0)
        while (raw := self.receive()) is None:
            pass
        self.planned = None
        head, _, body = raw.partition(_END)
        return status_of(raw), head, body


def length_of(got: bytes) -> int:
    """How long an answer is in all, 0 while its headers are not complete.

    Raises:
        BadAnswer: The headers do not say it.
    """
    end = got.find(_END)
    if end < 0:
        return 0
    found = _LENGTH.search(got, 0, end + 2)
    if found is None:
        if got[_STATUS] == b"204":
            return end + len(_END)
        raise BadAnswer(f"An answer without Content-Length: {got[:end]!r}")
    return end + len(_END) + int(found[1])


def status_of(got: bytes) -> int:
    """The status of an answer.

    Raises:
        BadAnswer: It is no HTTP/1.1.
    """
    if not got.startswith(b"HTTP/1.1 "):
        raise BadAnswer(f"This is no HTTP/1.1: {got[:80]!r}")
    return int(got[_STATUS])


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed.

    0 where there are none.
    """
    ordered = sorted(values)
    if not ordered:
        return 0.0
    rank = -(-len(ordered) * share // 1)
    return ordered[max(0, int(rank) - 1)]


def closed_loop(
    port: int, requests: Iterator[Planned], *, connections: int, seconds: float
) -> Tally:
    """Each connection sends its next request when it has the answer to the last.

    Args:
        port: Of the server.
        requests: Without end.
        connections: How many.
        seconds: How long new requests are sent.

    Raises:
        BadAnswer: An answer cannot be read.
    """
    tally = Tally()
    with ExitStack() as stack:
        busy = {stack.enter_context(Connection(port)) for _ in range(connections)}
        clock = time.perf_counter
        began = clock()
        until = began + seconds
        for one in busy:
            one.send(next(requests), clock())
        while busy:
            for one in _ready(busy, _PATIENCE_S):
                raw = one.receive()
                if raw is None:
                    continue
                now = clock()
                _count(tally, one, raw, now)
                if now < until:
                    one.send(next(requests), now)
                else:
                    busy.discard(one)
        tally.elapsed_s = clock() - began
    return tally


def open_loop(
    port: int,
    requests: Iterator[Planned],
    *,
    rate: float,
    connections: int,
    seconds: float,
) -> Tally:
    """Requests begin at fixed moments, whether or not the last ones were answered.

    One that finds no free connection waits, and its time counts from when it was due.

    Args:
        port: Of the server.
        requests: Without end.
        rate: Requests a second.
        connections: How many there are to send them on.
        seconds: How long new requests are due.

    Raises:
        BadAnswer: An answer cannot be read.
    """
    tally = Tally()
    with ExitStack() as stack:
        free = [stack.enter_context(Connection(port)) for _ in range(connections)]
        busy: set[Connection] = set()
        clock = time.perf_counter
        began, sent, total = clock(), 0, int(rate * seconds)
        while sent < total or busy:
            due = began + sent / rate
            if sent < total and free and clock() >= due:
                one = free.pop()
                one.send(next(requests), due)
                busy.add(one)
                sent += 1
                continue
            waits = sent < total and free
            patience = max(0.0, due - clock()) if waits else _PATIENCE_S
            for one in _ready(busy, patience, strict=not waits):
                raw = one.receive()
                if raw is not None:
                    _count(tally, one, raw, clock())
                    busy.discard(one)
                    free.append(one)
        tally.elapsed_s = clock() - began
    return tally


def _ready(
    busy: set[Connection], patience_s: float, *, strict: bool = True
) -> list[Connection]:
    """Those that something arrived on.

    Raises:
        BadAnswer: Nothing did in time, though something should.
    """
    readable, _, _ = select(busy, (), (), patience_s)
    if not readable and strict:
        raise BadAnswer(f"No answer within {_PATIENCE_S:.0f} s.")
    return readable


def _count(tally: Tally, one: Connection, raw: bytes, now: float) -> None:
    if one.planned is not None:
        tally.add(one.planned, status_of(raw), now - one.began_at, raw)
