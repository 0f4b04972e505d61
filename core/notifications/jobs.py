"""The job that sends mail."""

from datetime import timedelta
from uuid import UUID

from core.jobs.actor import Backoff, WhenOff, actor
from core.notifications import delivery


@actor(
    "notifications.deliver",
    max_attempts=10,
    when_off=WhenOff.RUN,
    heartbeat=timedelta(minutes=5),
    backoff=Backoff(first=timedelta(seconds=20), longest=timedelta(hours=2)),
    stepwise=True,
)
def deliver(*, delivery_id: UUID) -> None:
    """Sends one message, at least once.

    A mail server cannot take part in a database transaction. When the process dies
    after the server took the message and before that is written down, the message is
    sent again under the same ``Message-ID``, by which mailboxes recognise it.
    """
    delivery.deliver(delivery_id)
