"""The works: what is asked of every contender, as bytes ready to send.

A work makes its request of number n. Numbers are given out once, so that whatever must
be fresh (a slot, an ``Idempotency-Key``) is so for every contender and every run.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import uuid4

import orjson

from benchmarks.requests.data import BOOK_FROM, MEASURED, MOVE_FROM, PASSWORD, Facts

API: Final = "/api/v1"
PAGE: Final = 20
"""Rows of a page, in every list."""

DEEP: Final = 500
"""The page of the audit log that is reached by cursor."""

_WEEK: Final = timedelta(days=6)
_HOUR: Final = timedelta(hours=1)

Target = tuple[str, str, bytes]
"""Method, path with query, body."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a contender gave us to work with.

    Attributes:
        token: An access token of the measured gym's admin.
        deep_cursor: Leads to page ``DEEP`` of the audit log; empty where no work
            needs it.
    """

    token: str
    deep_cursor: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request.

    Attributes:
        name: As the command line says it.
        title: As the table says it.
        status: Of its success.
        target: Makes the request of a number.
        keyed: Whether it carries an ``Idempotency-Key``.
        public: Whether it goes without a token.
        writes: Which run of fresh numbers it uses up; empty where any will do.
    """

    name: str
    title: str
    status: int
    target: Callable[[Facts, Access, int], Target]
    keyed: bool = False
    public: bool = False
    writes: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether no two of its requests may be the same."""
        return self.keyed or bool(self.writes)

    def request(self, facts: Facts, access: Access, number: int) -> bytes:
        """The whole request, for a connection that stays open."""
        method, path, body = self.target(facts, access, number)
        headers = {"Host": "127.0.0.1", "X-Tenant": MEASURED, "Accept": "*/*"}
        if not self.public:
            headers["Authorization"] = f"Bearer {access.token}"
        if self.keyed:
            headers["Idempotency-Key"] = str(uuid4())
        if body:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(body))
        return message(method, path, headers, body)


def message(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """An HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def spread(works: Mapping[Work, int]) -> Iterator[Work]:
    """Works without end, each as often as its weight says, evenly mixed."""
    order = sorted(
        ((step + 0.5) / weight, place, work.name)
        for place, (work, weight) in enumerate(works.items())
        for step in range(weight)
    )
    while True:
        for _at, _place, name in order:
            yield WORKS[name]


def login_target(login: str) -> Target:
    """Logs somebody in."""
    body = orjson.dumps({"login": login, "password": PASSWORD})
    return "POST", f"{API}/auth/login", body


def audits_target(cursor: str = "") -> Target:
    """A page of the audit log."""
    query = f"?limit={PAGE}" + (f"&cursor={quote(cursor, safe='')}" if cursor else "")
    return "GET", f"{API}/audits{query}", b""


def _list(facts: Facts, _access: Access, number: int) -> Target:
    coach = facts.coaches[number % len(facts.coaches)]
    weeks = max(1, facts.days - _WEEK.days)
    first = date.fromisoformat(facts.first_day) + timedelta(
        days=number // len(facts.coaches) % weeks
    )
    query = {
        "coachId": str(coach),
        "dateFrom": first.isoformat(),
        "dateTo": (first + _WEEK).isoformat(),
        "limit": str(PAGE),
    }
    return "GET", f"{API}/scheduling/sessions?{urlencode(query)}", b""


def _read(facts: Facts, _access: Access, number: int) -> Target:
    session = facts.sessions[number % len(facts.sessions)]
    return "GET", f"{API}/scheduling/sessions/{session}", b""


def _book(facts: Facts, _access: Access, number: int) -> Target:
    many = len(facts.coaches)
    at = BOOK_FROM + _HOUR * (number // many)
    body = {
        # Within an hour the clients of its coaches differ, as there are more of them.
        "clientId": str(facts.clients[number % len(facts.clients)]),
        "coachId": str(facts.coaches[number % many]),
        **_times(at),
    }
    return "POST", f"{API}/scheduling/sessions", orjson.dumps(body)


def _reschedule(facts: Facts, _access: Access, number: int) -> Target:
    session = facts.movable[number % len(facts.movable)]
    body = orjson.dumps(_times(MOVE_FROM + _HOUR * number))
    return "PATCH", f"{API}/scheduling/sessions/{session}", body


def _log_in(facts: Facts, _access: Access, number: int) -> Target:
    return login_target(facts.logins[number % len(facts.logins)])


def _redeem(facts: Facts, _access: Access, number: int) -> Target:
    body = orjson.dumps({"code": facts.codes[number % len(facts.codes)]})
    return "POST", f"{API}/passes/redeem", body


def _audits(_facts: Facts, _access: Access, _number: int) -> Target:
    return audits_target()


def _deep_audits(_facts: Facts, access: Access, _number: int) -> Target:
    return audits_target(access.deep_cursor)


def _times(at: datetime) -> dict[str, Any]:
    shape = "%Y-%m-%dT%H:%M:%SZ"
    return {"startsAt": at.strftime(shape), "endsAt": (at + _HOUR).strftime(shape)}


LIST = Work("list", "list 20 sessions", 200, _list)
READ = Work("read", "read a session", 200, _read)
BOOK = Work("book", "book a session", 201, _book, keyed=True, writes="booking")
RESCHEDULE = Work("reschedule", "reschedule", 200, _reschedule, writes="move")
LOGIN = Work("login", "log in", 200, _log_in, public=True)
REDEEM = Work("redeem", "redeem a pass", 201, _redeem, keyed=True)
AUDITS = Work("audits", "audits, page 1", 200, _audits)
DEEP_AUDITS = Work("audits500", f"audits, page {DEEP}", 200, _deep_audits)

WORKS: Final = {
    work.name: work
    for work in (LIST, READ, BOOK, RESCHEDULE, LOGIN, REDEEM, AUDITS, DEEP_AUDITS)
}
"""Every work by name, in the order of the table."""

MIX: Final = {
    LIST: 40, READ: 25, BOOK: 12, RESCHEDULE: 6, REDEEM: 8, AUDITS: 7, LOGIN: 2
}  # fmt: skip
"""What people of a gym do on a busy evening, in hundredths."""
