"""What a gym would mail: its account jobs are run, its letters are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from core.app.background import runtime_of
from core.db.unit import session
from core.db.writes import update_where
from core.jobs.models import JobState, OutboxJob
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef
from core.notifications.models import Delivery
from core.notifications.office import post_office
from core.testing.kit import TestGym


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it was written down."""

    template: str
    to: str
    variables: Mapping[str, Any]

    @property
    def link(self) -> str:
        return str(self.variables["link"])

    @property
    def token(self) -> str:
        parts = urlsplit(self.link)
        return (parts.query or parts.fragment).removeprefix("token=")


class Postbox:
    """The letters of one gym, oldest first."""

    def __init__(self, gym: TestGym) -> None:
        self._gym = gym
        self._seen: set[object] = set()

    def answer(self) -> int:
        """Runs the jobs that answer strangers, as a worker does; says how many."""
        with self._gym.unit():
            waiting = select(OutboxJob.id).where(
                OutboxJob.kind == "auth.answer", OutboxJob.state == JobState.PENDING
            )
            found = list(session().scalars(waiting.order_by(OutboxJob.id)))
            update_where(
                session(),
                OutboxJob,
                OutboxJob.id.in_(found),
                values={"state": JobState.QUEUED, "max_attempts": 8},
            )
        runner = Runner(runtime_of(self._gym.installation))
        for job_id in found:
            assert runner.run(JobRef(self._gym.id, job_id)) is Outcome.DONE
        return len(found)

    def letters(self) -> list[Letter]:
        """What was written since the last look, strangers' wishes seen to."""
        self.answer()
        with self._gym.unit():
            rows = session().scalars(
                select(Delivery).order_by(Delivery.created_at, Delivery.id)
            )
            fresh = [row for row in rows if row.id not in self._seen]
            self._seen |= {row.id for row in fresh}
            return [
                Letter(row.template, row.to_address, self._variables(row))
                for row in fresh
            ]

    def letter(self) -> Letter:
        """The one letter since the last look."""
        (only,) = self.letters()
        return only

    def _variables(self, row: Delivery) -> Mapping[str, Any]:
        assert row.sealed is not None
        return post_office().seal.open(
            row.sealed, tenant_id=self._gym.id, delivery_id=row.id
        )
