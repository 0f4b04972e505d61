"""The gym whose requests are counted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any
from uuid import uuid4

from werkzeug.test import TestResponse

from core.clock import as_rfc3339
from core.sdk.users import create_user
from core.testing.kit import PASSWORD, TestGym
from tests.plugins.passes.desk import Desk

Request = Callable[[], TestResponse]

ROWS = 20
"""Of a page, as people ask for it."""

MANY = 50
"""Of a long page."""


class House:
    """A gym with what the requests work on.

    Attributes:
        requests: Request by name of the work.
    """

    def __init__(self, gym: TestGym) -> None:
        self.desk = Desk(gym)
        self.gym, self.admin = gym, gym.api("admin")
        self._hours = count(1)
        self.sessions = [self._booked() for _ in range(MANY)]
        self._codes = iter(self.desk.codes(100)["codes"])
        self._add_clients()
        self.requests: dict[str, Request] = {
            "list": self.list,
            "read": self.read,
            "book": self.book,
            "reschedule": self.reschedule,
            "log in": self.log_in,
            "redeem": self.redeem,
            "audits": self.audits,
            "audits by cursor": self.audits_by_cursor,
            "members": self.members,
        }

    def list(self, limit: int = ROWS) -> TestResponse:
        query = {
            "coachId": self.desk.coach,
            "dateFrom": self.desk.day.isoformat(),
            "dateTo": (self.desk.day + timedelta(days=30)).isoformat(),
            "limit": limit,
        }
        return self.admin.raw("GET", "/scheduling/sessions", query=query)

    def read(self) -> TestResponse:
        return self.admin.raw("GET", f"/scheduling/sessions/{self.sessions[0]}")

    def book(self) -> TestResponse:
        return self.admin.raw(
            "POST",
            "/scheduling/sessions",
            json=self.desk.wish(self._free()),
            headers={"Idempotency-Key": str(uuid4())},
        )

    def reschedule(self) -> TestResponse:
        starts = self._free()
        times = {
            "startsAt": as_rfc3339(starts),
            "endsAt": as_rfc3339(starts + timedelta(hours=1)),
        }
        path = f"/scheduling/sessions/{self.sessions[0]}"
        return self.admin.raw("PATCH", path, json=times)

    def log_in(self) -> TestResponse:
        body = {"login": self.gym.email("coach"), "password": PASSWORD}
        return self.gym.api().raw("POST", "/auth/login", json=body)

    def redeem(self) -> TestResponse:
        return self.gym.api("client").raw(
            "POST",
            "/passes/redeem",
            json={"code": next(self._codes)},
            headers={"Idempotency-Key": str(uuid4())},
        )

    def audits(self, limit: int = ROWS, **query: Any) -> TestResponse:
        return self.admin.raw("GET", "/audits", query={"limit": limit, **query})

    def audits_by_cursor(self) -> TestResponse:
        return self.audits(cursor=self.cursor)

    def members(self, limit: int = ROWS) -> TestResponse:
        return self.admin.raw("GET", "/members/clients", query={"limit": limit})

    @cached_property
    def cursor(self) -> str:
        """Leads to the second page of the audit log."""
        return str(self.audits().get_json()["meta"]["pagination"]["nextCursor"])

    def _free(self) -> datetime:
        return self.desk.at(next(self._hours))

    def _booked(self) -> str:
        return str(self.desk.book(self._free())["id"])

    def _add_clients(self) -> None:
        """Enough of them for a long page."""
        with self.gym.unit():
            people = [
                create_user(
                    email=f"client-{number}@{self.gym.slug}.example",
                    name=f"Client {number}",
                    role="client",
                ).id
                for number in range(MANY)
            ]
        for person in people:
            self.admin.post("/members/clients", {"userId": str(person)})
