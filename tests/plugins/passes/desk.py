"""A gym with a client and what the desk does with passes there."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.clock import as_rfc3339, utc_now
from core.testing.kit import PASSWORD, ApiClient, TestGym
from plugins.passes.models import LedgerEntry, Pass

Json = dict[str, Any]

PACK: Json = {
    "name": "Five sessions",
    "kind": "pack",
    "uses": 5,
    "validDays": 30,
    "validFrom": "purchase",
}
MEMBERSHIP: Json = {"name": "Monthly", "kind": "membership", "periodMonths": 1}


class Desk:
    """A gym whose client is assigned to its coach, who is open round the clock.

    Attributes:
        day: A Monday at least three weeks ahead.
    """

    def __init__(self, gym: TestGym) -> None:
        self.gym = gym
        self.admin = gym.api("admin")
        self.coach, self.client = str(gym.user("coach")), str(gym.user("client"))
        self.admin.post("/members/coaches", {"userId": self.coach})
        self.admin.post("/members/clients", {"userId": self.client})
        self.assign(self.client)
        every_day = [
            {"weekday": day, "starts": "00:00", "ends": "24:00"} for day in range(1, 8)
        ]
        self.admin.put(
            f"/scheduling/coaches/{self.coach}/availability",
            {"windows": every_day, "rules": {}},
        )
        ahead = utc_now().date() + timedelta(days=21)
        self.day = ahead + timedelta(days=-ahead.weekday() % 7)

    def assign(self, client: str) -> None:
        self.admin.post(
            "/members/assign-coach",
            {"clientId": client, "coachId": self.coach},
            expect=200,
        )

    def another(self) -> str:
        """Adds a client, who is nobody's, and returns the id."""
        made = self.admin.post(
            "/members/clients",
            {
                "email": f"c-{utc_now():%M%S%f}@gym.example",
                "name": "Someone Else",
                "password": PASSWORD,
            },
        )
        return str(made["id"])

    def as_user(self, user_id: str) -> ApiClient:
        return self.gym.api_for(UUID(user_id))

    def codes(self, count: int = 1, **wish: Any) -> Json:
        body = {"count": count, "expiresInDays": 30, **wish}
        made: Json = self.admin.post("/passes", body)
        return made

    def code(self, **wish: Any) -> str:
        return str(self.codes(**wish)["codes"][0])

    def product(self, terms: Json, **more: Any) -> Json:
        made: Json = self.admin.post("/passes/products", {**terms, **more})
        return made

    def grant(self, terms: Json, *, client: str | None = None, **more: Any) -> Json:
        starts = {"startsOn": more.pop("startsOn")} if "startsOn" in more else {}
        product = self.product(terms, **more)
        body = {"clientId": client or self.client, "productId": product["id"], **starts}
        granted: Json = self.admin.post("/passes/grants", body)
        return granted

    def redeem(self, code: str, *, by: str = "client", **more: Any) -> Json:
        taken: Json = self.gym.api(by).post("/passes/redeem", {"code": code, **more})
        return taken

    def refused(
        self, code: str, why: str, *, expect: int, by: str = "client", **more: Any
    ) -> Json:
        return self.gym.api(by).fail(
            "POST",
            "/passes/redeem",
            json={"code": code, **more},
            expect=expect,
            code=why,
        )

    def act(self, pass_id: str, verb: str, body: Json | None = None) -> Json:
        done: Json = self.admin.post(f"/passes/{pass_id}/{verb}", body, expect=200)
        return done

    def cannot(
        self, pass_id: str, verb: str, why: str, *, expect: int, body: Any = None
    ) -> Json:
        return self.admin.fail(
            "POST", f"/passes/{pass_id}/{verb}", json=body, expect=expect, code=why
        )

    def shown(self, pass_id: str) -> Json:
        found: Json = self.admin.get(f"/passes/{pass_id}")
        return found

    def ledger(self, pass_id: str) -> list[tuple[str, int, int | None]]:
        """Kind, uses and balance of each entry, in order."""
        found = self.admin.get(f"/passes/{pass_id}/ledger", query={"limit": 100})
        return [(one["kind"], one["uses"], one["balance"]) for one in found]

    def demand(self, *, hours: int = 24) -> None:
        """Makes the gym ask for an entitlement of whoever books."""
        self.admin.patch(
            "/admin/plugins/scheduling",
            {"settings": {"requireEntitlement": True, "lateCancelHours": hours}},
        )

    def at(self, hour: float, *, day: int = 0) -> datetime:
        """A moment ``hour`` hours (UTC) into the desk's Monday, or days after it."""
        midnight = datetime.combine(self.day, time(), UTC)
        return midnight + timedelta(days=day, hours=hour)

    def wish(self, starts: datetime, **rest: Any) -> Json:
        return {
            "clientId": self.client,
            "coachId": self.coach,
            "startsAt": as_rfc3339(starts),
            "endsAt": as_rfc3339(starts + timedelta(hours=1)),
            **rest,
        }

    def book(self, starts: datetime, *, by: str = "admin", **rest: Any) -> Json:
        booked: Json = self.gym.api(by).post(
            "/scheduling/sessions", self.wish(starts, **rest)
        )
        return booked

    def cancel(self, session: Json, *, by: str = "admin") -> Json:
        done: Json = self.gym.api(by).patch(
            f"/scheduling/sessions/{session['id']}", {"status": "canceled"}
        )
        return done


def today_in_berlin() -> date:
    """The date in the time zone of test gyms."""
    return utc_now().astimezone(ZoneInfo("Europe/Berlin")).date()


def unbalanced(gym: TestGym) -> list[Any]:
    """Passes whose uses left are not the sum of their ledger."""
    with gym.unit() as session:
        sums = (
            select(LedgerEntry.pass_id, func.sum(LedgerEntry.uses).label("sum"))
            .group_by(LedgerEntry.pass_id)
            .subquery()
        )
        return list(
            session.execute(
                select(Pass.id, Pass.remaining, sums.c.sum)
                .outerjoin(sums, sums.c.pass_id == Pass.id)
                .where(Pass.remaining.is_not(None))
                .where(Pass.remaining != func.coalesce(sums.c.sum, -1))
            ).all()
        )
