"""A gym with a coach who is open, and the few things that tests say about it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from core.clock import as_rfc3339, utc_now
from core.testing.kit import ApiClient, TestGym

Json = dict[str, Any]


class Studio:
    """A gym whose client is assigned to its coach, who is open round the clock.

    Attributes:
        day: A Monday at least three weeks ahead.
    """

    def __init__(self, gym: TestGym, *, is_open: bool = True) -> None:
        self.gym = gym
        self.admin = gym.api("admin")
        self.coach, self.client = str(gym.user("coach")), str(gym.user("client"))
        self.admin.post("/members/coaches", {"userId": self.coach})
        self.admin.post("/members/clients", {"userId": self.client})
        self.assign(self.client, self.coach)
        if is_open:
            self.open()
        ahead = utc_now().date() + timedelta(days=21)
        self.day = ahead + timedelta(days=-ahead.weekday() % 7)

    def assign(self, client: str, coach: str) -> None:
        self.admin.post(
            "/members/assign-coach",
            {"clientId": client, "coachId": coach},
            expect=200,
        )

    def another(self, kind: str) -> str:
        """Adds a person, ``clients`` or ``coaches``, and returns the id."""
        number = self.admin.get(f"/members/{kind}", query={"limit": 1})
        made = self.admin.post(
            f"/members/{kind}",
            {
                "email": f"{kind}-{len(number)}-{utc_now():%f%S}@gym.example",
                "name": "Someone Else",
            },
        )
        return str(made["id"])

    def as_user(self, user_id: str) -> ApiClient:
        return self.gym.api_for(UUID(user_id))

    def open(self, *hours: Json, coach: str | None = None, **rules: Any) -> Json:
        """Sets the opening hours; all day every day when none are given."""
        every_day = [
            {"weekday": day, "starts": "00:00", "ends": "24:00"} for day in range(1, 8)
        ]
        answer: Json = self.admin.put(
            f"/scheduling/coaches/{coach or self.coach}/availability",
            {"windows": list(hours) or every_day, "rules": rules},
        )
        return answer

    def at(self, hour: float, *, day: int = 0) -> datetime:
        """A moment ``hour`` hours (UTC) into the studio's Monday, or days after it."""
        midnight = datetime.combine(self.day, time(), UTC)
        return midnight + timedelta(days=day, hours=hour)

    def wish(self, starts: datetime, *, minutes: int = 60, **rest: Any) -> Json:
        """The body of a booking."""
        return {
            "clientId": self.client,
            "coachId": self.coach,
            "startsAt": as_rfc3339(starts),
            "endsAt": as_rfc3339(starts + timedelta(minutes=minutes)),
            **rest,
        }

    def book(self, starts: datetime, *, by: str = "admin", **rest: Any) -> Json:
        booked: Json = self.gym.api(by).post(
            "/scheduling/sessions", self.wish(starts, **rest)
        )
        return booked

    def refused(
        self,
        starts: datetime,
        code: str,
        *,
        expect: int,
        by: str = "client",
        **rest: Any,
    ) -> Json:
        return self.gym.api(by).fail(
            "POST",
            "/scheduling/sessions",
            json=self.wish(starts, **rest),
            expect=expect,
            code=code,
        )

    def slots(self, first: date, last: date | None = None) -> list[str]:
        """The starts of the free slots, as a client sees them."""
        found = self.gym.api("client").get(
            "/scheduling/availability",
            query={
                "coachId": self.coach,
                "from": first.isoformat(),
                "to": (last or first).isoformat(),
            },
        )
        return [slot["startsAt"] for slot in found]
