"""A receiver for the test installation, and deliveries sent by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.app import Installation
from core.db.unit import session
from core.db.writes import update_where
from core.jobs.models import JobState, OutboxJob
from core.jobs.registry import Registry
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef, Runtime
from core.outbound.addresses import networks
from core.outbound.guard import Guard
from core.testing.kit import TestGym
from core.webhooks import actors
from core.webhooks.catalog import MESSAGE
from core.webhooks.jobs import deliver
from core.webhooks.models import WebhookDelivery, WebhookEndpoint
from core.webhooks.sender import Sender
from tests.core.webhooks.receiver import Receiver, receiver


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The webhooks of one gym, and a receiver of them."""

    gym: TestGym
    runtime: Runtime
    there: Receiver

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.there.port}/in"

    def add(self, *types: str, **more: Any) -> tuple[UUID, str]:
        """Adds an endpoint by the API; gives its id and secret."""
        given = {"url": self.url, "types": list(types or [MESSAGE]), **more}
        made = self.gym.api("admin").post("/admin/webhooks", given)
        return UUID(made["endpoint"]["id"]), made["secret"]

    def endpoint(self, endpoint_id: UUID) -> WebhookEndpoint:
        with self.gym.unit():
            statement = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
            return session().scalars(statement).one()

    def deliveries(self, endpoint_id: UUID | None = None) -> list[WebhookDelivery]:
        """All that were written down, oldest first."""
        statement = select(WebhookDelivery).order_by(WebhookDelivery.id)
        if endpoint_id is not None:
            statement = statement.where(WebhookDelivery.endpoint_id == endpoint_id)
        with self.gym.unit():
            return list(session().scalars(statement))

    def job(self, delivery_id: UUID) -> OutboxJob:
        with self.gym.unit():
            wanted = (
                select(WebhookDelivery.job_id)
                .where(WebhookDelivery.id == delivery_id)
                .scalar_subquery()
            )
            statement = select(OutboxJob).where(OutboxJob.id == wanted)
            return session().scalars(statement).one()

    def run_job(self, job_id: UUID, **values: Any) -> Outcome:
        """Runs a job now, as the relay does when it is due."""
        given = {"max_attempts": deliver.max_attempts, **values}
        with self.gym.unit():
            update_where(
                session(),
                OutboxJob,
                OutboxJob.id == job_id,
                values={"state": JobState.QUEUED, **given},
            )
        return Runner(self.runtime).run(JobRef(self.gym.id, job_id))

    def run(self, delivery_id: UUID, **values: Any) -> Outcome:
        return self.run_job(self.job(delivery_id).id, **values)


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def sender(installation: Installation) -> Iterator[Sender]:
    """The installation's sender, which may reach this machine."""
    made = Sender(Guard(networks(["127.0.0.1"])), plain_http=True, seconds=60)
    before = installation.services.get(Sender)
    installation.services.put(Sender, made)
    yield made
    installation.services.put(Sender, before)


@pytest.fixture
def webhooks(
    gym: TestGym, installation: Installation, there: Receiver, sender: Sender
) -> Webhooks:
    assert sender is not None
    return Webhooks(
        gym,
        Runtime(
            units=installation.units(),
            operator=installation.units("operator"),
            in_gym=installation.in_gym,
            gyms=list,
            registry=Registry(actors),
            switchable=installation.plugins.switchable,
        ),
        there,
    )
