"""A post office for the test installation, and jobs run by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.app import Installation
from core.auth.account_models import UserContact
from core.auth.addresses import AccountAddresses
from core.db.unit import session
from core.db.writes import update_where
from core.jobs.models import JobState, OutboxJob
from core.jobs.registry import Registry
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef, Runtime
from core.notifications import actors
from core.notifications.jobs import deliver
from core.notifications.models import Delivery
from core.notifications.office import PostOffice
from core.notifications.service import notify
from core.notifications.transport import SmtpTransport
from core.testing.kit import TestGym
from tests.core.notifications.mailserver import MailServer, mail_server
from tests.core.notifications.smsserver import SmsServer, sms_server

SENDER = "Palestra <mail@gyms.example>"
WORDS = {"title": "Open day", "text": "Bring a friend."}
LINK = {"link": "https://gym.example/verify?token=s3cret-token", "minutes": 15}


@dataclass(frozen=True, slots=True)
class Post:
    """One gym's post: what was written down, and running its jobs."""

    gym: TestGym
    runtime: Runtime

    def delivery(self, delivery_id: UUID) -> Delivery:
        with self.gym.unit():
            found = session().scalar(select(Delivery).where(Delivery.id == delivery_id))
        assert found is not None
        return found

    def job(self, delivery_id: UUID) -> OutboxJob:
        wanted = self.delivery(delivery_id).job_id
        with self.gym.unit():
            found = session().scalar(select(OutboxJob).where(OutboxJob.id == wanted))
        assert found is not None
        return found

    def queue(self, delivery_id: UUID, **values: Any) -> JobRef:
        """Hands the delivery's job to the workers, as the relay does when it is due."""
        job = self.job(delivery_id)
        given = {"max_attempts": deliver.max_attempts, **values}
        with self.gym.unit():
            update_where(
                session(),
                OutboxJob,
                OutboxJob.id == job.id,
                values={"state": JobState.QUEUED, **given},
            )
        return JobRef(self.gym.id, job.id)

    def inbox_of(self, role: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.gym.api(role).get("/me/inbox")
        return rows

    def phone(self, role: str, number: str, *, verified: bool = True) -> None:
        """Gives somebody a number of their own."""
        with self.gym.unit():
            session().add(
                UserContact(
                    user_id=self.gym.user(role),
                    type="phone",
                    value=number,
                    is_primary=True,
                    is_verified=verified,
                )
            )

    def quiet(self, start: str | None, end: str | None) -> None:
        """Sets the gym's quiet hours."""
        self.gym.api("admin").patch(
            "/admin/settings",
            {
                "notifications.quietHours.start": start,
                "notifications.quietHours.end": end,
            },
        )

    def run(self, delivery_id: UUID, **values: Any) -> Outcome:
        return Runner(self.runtime).run(self.queue(delivery_id, **values))


def tell(post: Post, *channels: str, topic: str = "news", **changes: Any) -> list[UUID]:
    given: dict[str, Any] = {
        "user_id": post.gym.user("client"),
        "template": "notifications.message",
        "variables": WORDS,
        "topic": topic,
        "channels": channels or None,
        **changes,
    }
    with post.gym.unit():
        return notify(**given)


@pytest.fixture
def post(gym: TestGym, installation: Installation, office: PostOffice) -> Post:
    assert office is not None
    return Post(
        gym,
        Runtime(
            units=installation.units(),
            operator=installation.units("operator"),
            in_gym=installation.in_gym,
            gyms=list,
            registry=Registry(actors),
            switchable=installation.plugins.switchable,
        ),
    )


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def phones() -> Iterator[SmsServer]:
    with sms_server() as running:
        yield running


@pytest.fixture
def office(
    installation: Installation, server: MailServer, phones: SmsServer
) -> Iterator[PostOffice]:
    """The installation's post office, on the test's servers."""
    settings = installation.settings
    messaging = replace(
        settings.messaging,
        smtp_url=server.url,
        mail_from=SENDER,
        sms_url=f"{phones.url}/sms/{{to}}",
    )
    made = PostOffice.of(
        replace(settings, messaging=messaging), folders=(), addresses=AccountAddresses()
    )
    before = installation.services.get(PostOffice)
    installation.services.put(PostOffice, made)
    yield made
    installation.services.put(PostOffice, before)


@pytest.fixture
def way(office: PostOffice) -> SmtpTransport:
    assert isinstance(office.transport, SmtpTransport)
    return office.transport
