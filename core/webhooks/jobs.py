"""The job that sends webhooks."""

from datetime import timedelta
from uuid import UUID

from core.jobs.actor import WhenOff, actor
from core.webhooks import delivery


@actor(
    "webhooks.deliver",
    max_attempts=len(delivery.WAITS) + 1,
    when_off=WhenOff.RUN,
    heartbeat=timedelta(minutes=2),
    stepwise=True,
)
def deliver(*, delivery_id: UUID) -> None:
    """Sends one webhook, at least once.

    A receiver cannot take part in a database transaction. When the process dies after
    the receiver took it and before that is written down, it is sent again under the
    same ``webhook-id``, by which receivers recognise it.
    """
    delivery.deliver(delivery_id)
