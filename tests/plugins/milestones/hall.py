"""A gym with milestones, a client who trains, and what tests say about them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from core.clock import utc_now
from core.sdk.base import hooks
from core.testing.background import Ran, run_jobs
from core.testing.kit import ApiClient, TestGym
from tests.plugins.scheduling.studio import Studio

Json = dict[str, Any]

PATH = "/milestones"
MESSAGE: Json = {
    "kind": "message",
    "text": "A shake is waiting.",
    "channels": ["inbox"],
}


class Hall:
    """A gym whose client is assigned to its coach."""

    def __init__(self, gym: TestGym) -> None:
        self.gym = gym
        self.studio = Studio(gym)
        self.client = self.studio.client
        self.admin: ApiClient = gym.api("admin")
        self._trained, self._now = 0, utc_now().replace(microsecond=0)

    def milestone(self, threshold: int = 3, *, gift: Any = None, **rule: Any) -> Json:
        """Adds one for sessions, unless ``rule`` says otherwise."""
        wanted = {"counter": "sessions_completed", "threshold": threshold, **rule}
        body: Json = {"title": f"{threshold} sessions", "rule": wanted}
        if gift is not None:
            body["gift"] = gift
        made: Json = self.admin.post(f"{PATH}/definitions", body)
        return made

    def train(self, times: int = 1, *, status: str = "completed") -> list[str]:
        """Has the client complete sessions, an hour each, further and further back."""
        return [self._settle(status) for _time in range(times)]

    def _settle(self, status: str) -> str:
        self._trained += 1
        booked = self.studio.book(self._now - timedelta(hours=self._trained))
        path = f"/scheduling/sessions/{booked['id']}"
        self.admin.patch(path, {"status": status})
        return str(booked["id"])

    def work(self, *, failing: bool = False) -> Ran:
        """Runs the jobs that are due."""
        return run_jobs(self.gym, failing=failing)

    def count(
        self,
        amount: int = 1,
        *,
        source: UUID | None = None,
        at: datetime | None = None,
        version: int = 1,
        client: str | None = None,
        counter: str = "sessions_completed",
    ) -> bool:
        """Counts as another plugin does."""
        with self.gym.unit():
            news: bool = hooks().count_towards_milestones(
                client_id=UUID(client or self.client),
                counter=counter,
                amount=amount,
                source_id=source or uuid4(),
                at=at or utc_now(),
                version=version,
            )
        return news

    def progress(self, client: str | None = None) -> list[Json]:
        found: list[Json] = self.admin.get(
            PATH, query={"clientId": client or self.client}
        )
        return found

    def reached(self) -> list[Json]:
        found: list[Json] = self.admin.get(
            f"{PATH}/achievements", query={"limit": 100, "sort": "achievedAt"}
        )
        return found

    def gifts(self, **query: Any) -> list[Json]:
        found: list[Json] = self.admin.get(
            f"{PATH}/gifts", query={"limit": 100, **query}
        )
        return found

    def set_auto(self, *, on: bool) -> None:
        """Sets whether gifts are handed over as they are made."""
        self.admin.patch(
            "/admin/plugins/milestones", {"settings": {"autoDispatch": on}}
        )

    def switch(self, plugin_id: str, *, on: bool) -> None:
        self.admin.patch(f"/admin/plugins/{plugin_id}", {"enabled": on})

    def inbox(self) -> list[Json]:
        found: list[Json] = self.gym.api("client").get("/me/inbox")
        return found
