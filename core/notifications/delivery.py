"""Sending one message: read it, send it outside any transaction, note how it went."""

from uuid import UUID

import structlog

from core.clock import utc_now
from core.context import current
from core.jobs.current import current_job, step
from core.jobs.outbox import enqueue
from core.notifications import preference_rows, repository, unsubscribe, wording
from core.notifications.channels import Channel, channel
from core.notifications.errors import (
    Deferred,
    NotTaken,
    Refused,
    TemplateUnknown,
    TopicUnknown,
)
from core.notifications.letter import Letter, Sending
from core.notifications.models import Delivery, DeliveryStatus
from core.notifications.office import PostOffice, post_office
from core.notifications.quiet import end_of_quiet_in
from core.notifications.topics import OTHER, Topic

TOO_LATE = "It would have come too late."
"""``last_error`` of what was of no use any more when it could go."""

OPTED_OUT = "The person does not want messages about this by this channel."
"""``last_error`` of what somebody does not want."""

ACTOR = "notifications.deliver"
"""Name of the job that sends one delivery."""

log = structlog.get_logger(__name__)


def deliver(delivery_id: UUID) -> None:
    """Sends a pending delivery, as the job that it names.

    A refusal for good, or a failure of the last attempt, ends in ``failed``; then the
    job is done, and whoever reads the list may send the message again.

    Raises:
        NotTaken: It did not go out this time.
    """
    send = step(lambda: _prepared(delivery_id))
    if send is None:
        return
    try:
        send()
    except Refused as refusal:
        reason = str(refusal)
        step(lambda: _fail(delivery_id, reason))
    except Deferred as failure:
        reason = str(failure)
        if current_job().last_attempt:
            step(lambda: _fail(delivery_id, reason))
            return
        step(lambda: _put_off(delivery_id, reason))
        raise NotTaken from failure
    else:
        step(lambda: _done(delivery_id))


def _prepared(delivery_id: UUID) -> Sending | None:
    """Gets the message ready; None when there is nothing (more) to send now."""
    row = repository.find(delivery_id, lock=True)
    if row is None or row.job_id != current_job().id:
        return None
    if row.status != DeliveryStatus.PENDING:
        return None
    office, way = post_office(), channel(row.channel)
    topic = _topic(office, row)
    if _held_up(row, topic, way):
        return None
    row.attempts += 1
    try:
        _look_up_again(row, office, way)
        return way.prepare(_letter(row, topic, office))
    except Refused as refusal:
        _fail(delivery_id, str(refusal))
    except TemplateUnknown:
        _fail(delivery_id, f"The template {row.template} is no longer there.")
    return None


def _topic(office: PostOffice, row: Delivery) -> Topic:
    """What it is about; of a topic that is gone, one that people may refuse."""
    try:
        return office.templates.topic(row.topic)
    except TopicUnknown:
        return OTHER


def _held_up(row: Delivery, topic: Topic, way: Channel) -> bool:
    """Looks, at the last moment, whether it may go: not late, unwanted or by night."""
    if row.until is not None and utc_now() >= row.until:
        _call_off(row, TOO_LATE)
        return True
    if topic.mandatory or row.user_id is None:
        return False
    if preference_rows.unwanted([row.user_id], row.topic) & {(row.user_id, way.name)}:
        _call_off(row, OPTED_OUT)
        return True
    quiet_until = (
        end_of_quiet_in(current().require_gym(), utc_now()) if way.interrupts else None
    )
    if quiet_until is None:
        return False
    if row.until is not None and quiet_until >= row.until:
        _call_off(row, TOO_LATE)
        return True
    row.due_at = quiet_until
    row.job_id = enqueue(ACTOR, args={"delivery_id": row.id}, run_at=quiet_until)
    return True


def _call_off(row: Delivery, reason: str) -> None:
    row.status, row.sealed, row.last_error = DeliveryStatus.CANCELED, None, reason


def _look_up_again(row: Delivery, office: PostOffice, way: Channel) -> None:
    """What waited for its time goes to where the person is reached by now.

    Raises:
        Refused: The person is not reached any more.
    """
    if row.user_id is None or row.due_at is None:
        return
    found = office.addresses.recipient(row.user_id)
    address = way.address_of(found) if found is not None else None
    if found is None or address is None:
        raise Refused("The person is not reached by this channel any more.")
    row.to_address, row.to_name = address, found.name or None


def _letter(row: Delivery, topic: Topic, office: PostOffice) -> Letter:
    if row.sealed is None:
        raise Refused("Its variables are gone.")
    gym = current().require_gym()
    variables = office.seal.open(
        row.sealed, tenant_id=row.tenant_id, delivery_id=row.id
    )
    rendered = wording.write(
        office,
        row.template,
        language=row.locale,
        to_name=row.to_name,
        variables=variables,
    )
    link = None
    if row.user_id is not None and not topic.mandatory:
        link = unsubscribe.address(
            gym, user_id=row.user_id, topic=row.topic, channel=row.channel
        )
    return Letter(row, gym, topic, rendered, link)


def _done(delivery_id: UUID) -> None:
    row = repository.get(delivery_id, lock=True)
    row.status = DeliveryStatus.SENT
    row.sent_at = utc_now()
    row.last_error = None
    row.sealed = None
    log.info(
        "notification.sent",
        delivery=str(row.id),
        channel=row.channel,
        template=row.template,
    )


def _fail(delivery_id: UUID, reason: str) -> None:
    row = repository.get(delivery_id, lock=True)
    row.status = DeliveryStatus.FAILED
    row.last_error = reason
    log.warning(
        "notification.failed",
        delivery=str(row.id),
        channel=row.channel,
        template=row.template,
        reason=reason,
    )


def _put_off(delivery_id: UUID, reason: str) -> None:
    repository.get(delivery_id, lock=True).last_error = reason
