"""Whether the contenders do the same, before anybody asks how fast.

Each is sent the same requests, refused ones among them. Compared are the status, the
whole body (of an error its code and the faulty fields), the headers that have a meaning
for the caller, and how many rows the request left in each table. What must differ is
masked: what was made on the way (ids, moments, tokens), and the slots, because one slot
takes one booking.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm
from typing import Any, Final

import orjson
import psycopg
from psycopg import sql

from benchmarks.requests import works
from benchmarks.requests.contenders import Server
from benchmarks.requests.data import Facts
from benchmarks.requests.load import Connection, Planned
from benchmarks.requests.works import Access, Target, Work

REFERENCE: Final = "palestra"

_HEADERS: Final = ("etag", "location", "content-type", "idempotent-replayed")

_MADE: Final = {
    "list": frozenset[str](),
    "read": frozenset[str](),
    "book": frozenset({"id", "createdAt", "updatedAt", "startsAt", "endsAt"}),
    "reschedule": frozenset({"updatedAt", "startsAt", "endsAt"}),
    "login": frozenset({"accessToken", "refreshToken", "deviceToken"}),
    "redeem": frozenset({"updatedAt"}),
    "audits": frozenset[str](),
    "audits500": frozenset[str](),
}
"""Fields of ``data`` that are made on the way, by work."""

_META_MADE: Final = frozenset({"traceId", "nextCursor"})
"""Fields of ``meta`` that are made on the way."""

_STEPS: Final = {"version": 1, "remaining": -1}
"""Fields of a row that each contender in turn moves on by so much."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and what it left behind.

    Attributes:
        headers: Those of ``_HEADERS`` that came.
        left: Rows added to each table, where there were any.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    left: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> list[str]:
        """All of it in lines, always in the same order."""
        return (
            orjson.dumps(
                {
                    "status": self.status,
                    "headers": self.headers,
                    "rows": self.left,
                    "body": self.body,
                },
                option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS,
            )
            .decode()
            .splitlines()
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that everybody is sent.

    Attributes:
        name: For the message.
        raw: Makes the request for the contender whose turn it is, counted from 0.
        made: Fields to mask.
        status: What is expected; another one is a difference for everybody.
        moves: Whether each contender in turn moves the row on; see ``_STEPS``.
        primed: Whether the first one leaves a row that the next ones only change.
    """

    name: str
    raw: Callable[[Access, int], bytes]
    made: frozenset[str]
    status: int
    moves: bool = False
    primed: bool = False


def differences(
    servers: Sequence[tuple[Server, Access]],
    chosen: Sequence[Work],
    known: Facts,
    numbers: Mapping[str, Iterator[int]],
    superuser: str,
) -> list[str]:
    """Asks everybody everything, and compares.

    Args:
        servers: The contenders; ``REFERENCE`` is what the others are held against,
            else the first.
        chosen: Which works.
        known: What requests are made of.
        numbers: Where fresh numbers come from; those used here are used up.
        superuser: libpq address to count rows with.

    Returns:
        Lines that say who differs, and where; none when all agree.
    """
    found: list[str] = []
    with psycopg.connect(superuser, autocommit=True) as database:
        counter = _Rows(database, known)
        for probe in probes(chosen, known, numbers, len(servers)):
            if probe.primed:
                _ask(*servers[0], probe, 0, counter)
            said = {
                server.name: _ask(server, access, probe, turn, counter)
                for turn, (server, access) in enumerate(servers)
            }
            found += _compared(probe, said)
    return found


def probes(
    chosen: Sequence[Work],
    known: Facts,
    numbers: Mapping[str, Iterator[int]],
    turns: int,
) -> Iterator[Probe]:
    """What is asked: each work as it is measured, and what has to be refused."""
    for work in chosen:
        step = _step(work, known)
        first = _first(numbers[work.writes], step * turns + 1)
        yield _measured(work, known, first, step)
        if work is works.BOOK:
            yield from _refused_bookings(known, first)
        if work is works.REDEEM:
            yield _target(
                "redeem an unknown code",
                ("POST", f"{works.API}/passes/redeem", b'{"code":"0000000000000000"}'),
                404,
                primed=True,
            )
    if works.LIST in chosen:
        path = f"{works.API}/scheduling/sessions"
        yield _target("list with a limit too high", ("GET", f"{path}?limit=101", b""))
        yield _target("list without a token", ("GET", path, b""), 401, token=False)
        yield _target("read what is not there", ("GET", f"{path}/{_NOBODY}", b""), 404)


_SHOWN: Final = 60
"""Lines of one difference; the first ones tell."""

_NOBODY: Final = "00000000-0000-7000-8000-000000000000"
_MALFORMED: Final = 400
_TAKEN: Final = 409


def _step(work: Work, known: Facts) -> int:
    """From one contender's number to the next one's: same people, another hour."""
    steps = {
        works.BOOK: lcm(len(known.coaches), len(known.clients)),
        works.RESCHEDULE: len(known.movable),
        works.REDEEM: len(known.codes),
    }
    return steps.get(work, 0)


def _measured(work: Work, known: Facts, first: int, step: int) -> Probe:
    moves = work in {works.RESCHEDULE, works.REDEEM}

    def raw(access: Access, turn: int) -> bytes:
        return work.request(known, access, first + turn * step)

    return Probe(work.title, raw, _MADE[work.name], work.status, moves)


def _refused_bookings(known: Facts, first: int) -> Iterator[Probe]:
    """The slot that the first contender booked, and a body that makes no sense."""

    def again(access: Access, _turn: int) -> bytes:
        return works.BOOK.request(known, access, first)

    yield Probe("book what is taken", again, frozenset(), _TAKEN)
    _method, path, body = works.BOOK.target(known, Access(""), first)
    wrong = orjson.dumps({**orjson.loads(body), "startsAt": "soon", "extra": 1})
    yield _target("book with a faulty body", ("POST", path, wrong))


def _target(
    name: str,
    target: Target,
    status: int = _MALFORMED,
    *,
    token: bool = True,
    primed: bool = False,
) -> Probe:
    work = Work(name, name, status, lambda *_: target, public=not token)

    def raw(access: Access, _turn: int) -> bytes:
        # Such a request is made of nothing but its own parts.
        return work.request(_NO_FACTS, access, 0)

    return Probe(name, raw, frozenset(), status, primed=primed)


_NO_FACTS: Any = None


def _first(numbers: Iterator[int], wanted: int) -> int:
    """Uses up so many numbers, and gives the first of them."""
    first = next(numbers)
    for _ in range(wanted - 1):
        next(numbers)
    return first


def _ask(
    server: Server, access: Access, probe: Probe, turn: int, counter: "_Rows"
) -> Said:
    before = counter.read()
    with Connection(server.port) as connection:
        planned = Planned(probe.name, probe.raw(access, turn), probe.status)
        status, head, body = connection.ask(planned)
    after = counter.read()
    return Said(
        status,
        headers_of(head, probe),
        _masked_parts(body, probe, turn),
        {
            table: after[table] - before[table]
            for table in after
            if after[table] != before[table]
        },
    )


def _masked_parts(body: bytes, probe: Probe, turn: int) -> Any:
    said = orjson.loads(body) if body else {}
    parts = {
        "data": lambda part: masked(part, probe.made, _moved(probe, turn)),
        "meta": lambda part: masked(part, _META_MADE, {}),
        "error": in_any_words,
    }
    return {
        name: parts[name](part) if name in parts else part
        for name, part in said.items()
    }


def in_any_words(error: Any) -> Any:
    """An error of which the code and the faulty fields count, and not the sentences."""
    if isinstance(error, dict):
        return {
            name: one if name == "code" else in_any_words(one)
            for name, one in error.items()
        }
    return "<said>"


def _moved(probe: Probe, turn: int) -> Mapping[str, int]:
    return {name: step * turn for name, step in _STEPS.items()} if probe.moves else {}


def headers_of(head: bytes, probe: Probe) -> dict[str, str]:
    """The headers that have a meaning for the caller.

    An ``ETag`` and a ``Location`` that follow from what was made on the way are
    compared by being there.
    """
    found = {}
    for line in head.decode("latin-1").splitlines()[1:]:
        name, _, value = line.partition(":")
        if name.lower() in _HEADERS:
            found[name.lower()] = value.strip()
    if probe.moves or "id" in probe.made:
        for name in {"etag", "location"} & found.keys():
            found[name] = "*"
    return found


def masked(value: Any, made: frozenset[str], moved: Mapping[str, int]) -> Any:
    """A body in which what is made on the way stands as its kind.

    Args:
        value: JSON.
        made: Names of fields to mask.
        moved: By how much fields were moved on by the contenders before; taken off.
    """
    if isinstance(value, list):
        return [masked(one, made, moved) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, one in value.items():
        if name in made:
            found[name] = f"<{type(one).__name__}>"
        elif name in moved and isinstance(one, int):
            found[name] = one - moved[name]
        else:
            found[name] = masked(one, made, moved)
    return found


def _compared(probe: Probe, said: Mapping[str, Said]) -> list[str]:
    names = sorted(said, key=lambda name: name != REFERENCE)
    reference = names[0]
    found = [
        f"{probe.name}: {name} answers {said[name].status}, not {probe.status}: "
        f"{str(said[name].body)[:400]}"
        for name in names
        if said[name].status != probe.status
    ]
    for name in names[1:]:
        lines = difflib.unified_diff(
            said[reference].text(), said[name].text(), reference, name, n=2, lineterm=""
        )
        differing = list(lines)[:_SHOWN]
        if differing:
            found += [f"{probe.name}: {reference} and {name} differ", *differing]
    return found


class _Rows:
    """Counts the measured gym's rows in every table."""

    def __init__(self, database: psycopg.Connection[Any], known: Facts) -> None:
        self._database = database
        tables = database.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
            " ORDER BY table_name"
        ).fetchall()
        self._query = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*) FROM {} WHERE tenant_id = {}").format(
                sql.Literal(table), sql.Identifier(table), sql.Literal(known.tenant_id)
            )
            for (table,) in tables
        )

    def read(self) -> dict[str, int]:
        return dict(self._database.execute(self._query).fetchall())
