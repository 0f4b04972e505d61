"""Sending messages: written down in the caller's transaction, sent by a job."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.audit.recorder import record_event
from core.clock import utc_now
from core.context import current
from core.ids import new_id
from core.jobs.outbox import enqueue
from core.notifications import override_rows, preference_rows, repository
from core.notifications.channels import Channel, by_names, channel
from core.notifications.errors import (
    NotCancelable,
    NotResendable,
    RecipientUnknown,
)
from core.notifications.jobs import deliver
from core.notifications.models import Delivery, DeliveryStatus
from core.notifications.office import PostOffice, post_office
from core.notifications.ports import Recipient
from core.notifications.quiet import end_of_quiet_in
from core.notifications.topics import Topic

EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Message:
    """What is told, to whomever.

    Attributes:
        template: Name of the template.
        variables: Exactly those that the template declares, JSON values.
        locale: The language; else the person's, else the gym's, else English.
        at: Not before this moment; None for as soon as possible.
        until: Of no use from this moment on; None for never.
    """

    template: str
    variables: Mapping[str, Any]
    topic: Topic
    locale: str | None = None
    at: datetime | None = None
    until: datetime | None = None

    def due_by(self, way: Channel) -> datetime | None:
        """When a channel may send it: quiet hours seen to; None for at once."""
        if self.topic.mandatory or not way.interrupts:
            return self.at
        gym = current().require_gym()
        return end_of_quiet_in(gym, self.at or utc_now()) or self.at

    def too_late_by(self, way: Channel) -> bool:
        """Whether it is of no use any more by the time a channel may send it."""
        due = self.due_by(way) or utc_now()
        return self.until is not None and due >= self.until


def notify(
    *,
    user_id: UUID,
    template: str,
    variables: Mapping[str, Any],
    topic: str,
    channels: Sequence[str] | None = None,
    until: datetime | None = None,
) -> list[UUID]:
    """Tells a person something, if the caller's transaction commits.

    It goes by every channel that is asked for, set up, known to reach the person and
    not opted out of. Whether the person opted out is looked at again when it is sent.
    Quiet hours put off what makes a telephone sound.

    Args:
        user_id: The account to tell.
        template: Name of the template.
        variables: Exactly those that the template declares, JSON values.
        topic: What it is about, as a ``templates.toml`` declares it.
        channels: Names of channels; None for the topic's.
        until: Of no use from this moment on, so called off where it was held up.

    Returns:
        The deliveries' ids, one for each channel; none where nothing is to be sent.

    Raises:
        TemplateUnknown: There is no such template.
        TemplateDefect: The variables are not the declared ones.
        TopicUnknown: There is no such topic.
        ChannelUnknown: There is no such channel.
        RecipientUnknown: There is no such account.
    """
    office = post_office()
    office.templates.get(template).require(variables)
    about = office.templates.topic(topic)
    found = office.addresses.recipient(user_id)
    if found is None:
        raise RecipientUnknown
    message = Message(template, variables, about, until=until)
    return write_all(message, [found], channels=channels)


def write_all(
    message: Message,
    recipients: Sequence[Recipient],
    *,
    channels: Sequence[str] | None = None,
) -> list[UUID]:
    """Writes a message to several people down, by every channel that fits each.

    Raises:
        ChannelUnknown: There is no such channel.
    """
    office, topic = post_office(), message.topic
    ways = [one for one in _ways(channels, message) if one.is_set_up()]
    people = [one.user_id for one in recipients if one.user_id is not None]
    off = set() if topic.mandatory else preference_rows.unwanted(people, topic.name)
    own = override_rows.languages(message.template)
    written = []
    for recipient in recipients:
        for way in ways:
            address = way.address_of(recipient)
            if address is not None and (recipient.user_id, way.name) not in off:
                row = _row(office, message, recipient, own)
                row.channel, row.to_address = way.name, address
                written.append(_put_down(office, row, message, way))
    return written


def send_mail(
    *,
    template: str,
    variables: Mapping[str, Any],
    to_user_id: UUID | None = None,
    to_address: str | None = None,
    locale: str | None = None,
) -> UUID:
    """Sends a message by mail, if the caller's transaction commits.

    Of a topic that people can opt out of, it is called off when it is their turn and
    they have.

    Args:
        template: Name of the template.
        variables: Exactly those that the template declares, JSON values.
        to_user_id: The account to write to; or
        to_address: an address without an account. Give one of the two.
        locale: The language; else the person's, else the gym's, else English.

    Returns:
        The delivery's id.

    Raises:
        TemplateUnknown: There is no such template.
        TemplateDefect: The variables are not the declared ones.
        RecipientUnknown: There is no such account.
        TypeError: Not exactly one recipient is given.
    """
    office = post_office()
    office.templates.get(template).require(variables)
    to = _recipient(office, to_user_id, to_address)
    message = Message(template, variables, office.templates.topic_of(template), locale)
    row = _row(office, message, to, override_rows.languages(template))
    row.user_id, row.channel, row.to_address = to_user_id, EMAIL, to.address
    return _put_down(office, row, message, channel(EMAIL))


def resend(delivery_id: UUID) -> Delivery:
    """Sends again what was given up.

    Raises:
        DeliveryUnknown: There is no such delivery in this gym.
        NotResendable: It was sent or called off, or its job is still at it.
    """
    row = repository.get(delivery_id, lock=True)
    lives = row.status == DeliveryStatus.PENDING and repository.job_lives(row.job_id)
    if row.sealed is None or lives:
        raise NotResendable(details={"status": row.status})
    row.status = DeliveryStatus.PENDING
    row.job_id = enqueue(deliver, args={"delivery_id": row.id})
    record_event("notification.resend", "notification_delivery", row.id)
    return row


def cancel(delivery_id: UUID) -> None:
    """Calls a message off that waits.

    Raises:
        DeliveryUnknown: There is no such delivery in this gym.
        NotCancelable: It has gone, is on its way, or was called off before.
    """
    row = repository.get(delivery_id, lock=True)
    on_its_way = repository.job_runs(row.job_id)
    if row.status != DeliveryStatus.PENDING or on_its_way:
        raise NotCancelable(details={"status": row.status})
    row.status, row.sealed = DeliveryStatus.CANCELED, None
    record_event("notification.cancel", "notification_delivery", row.id)


def send_sample(
    *, template: str, to_address: str | None = None, locale: str | None = None
) -> Delivery:
    """Sends a template with made-up values, to the caller unless told otherwise.

    Raises:
        TemplateUnknown: There is no such template.
        RecipientUnknown: The caller has no account to write to.
    """
    user_id = None if to_address else current().actor.user_id
    if to_address is None and user_id is None:
        raise RecipientUnknown
    delivery_id = send_mail(
        template=template,
        variables=post_office().templates.get(template).sample,
        to_user_id=user_id,
        to_address=to_address,
        locale=locale,
    )
    record_event(
        "notification.sample",
        "notification_delivery",
        delivery_id,
        {"template": template},
    )
    return repository.get(delivery_id)


def _ways(names: Sequence[str] | None, message: Message) -> list[Channel]:
    found = by_names(message.topic.channels if names is None else names)
    return [one for one in found if not message.too_late_by(one)]


def _row(
    office: PostOffice, message: Message, to: Recipient, own: Iterable[str]
) -> Delivery:
    """A delivery without a way, in the language that fits."""
    gym = current().require_gym()
    wanted = (message.locale, to.locale, gym.locale)
    return Delivery(
        id=new_id(),
        user_id=to.user_id,
        to_name=to.name or None,
        topic=message.topic.name,
        template=message.template,
        locale=office.templates.language(message.template, *wanted, more={*own}),
        status=DeliveryStatus.PENDING,
    )


def _put_down(
    office: PostOffice, row: Delivery, message: Message, way: Channel
) -> UUID:
    """Writes a delivery with its job."""
    gym = current().require_gym()
    row.due_at, row.until = message.due_by(way), message.until
    row.sealed = office.seal.close(
        message.variables, tenant_id=gym.id, delivery_id=row.id
    )
    row.job_id = enqueue(deliver, args={"delivery_id": row.id}, run_at=row.due_at)
    repository.add(row)
    return row.id


def _recipient(
    office: PostOffice, user_id: UUID | None, address: str | None
) -> Recipient:
    if (user_id is None) == (address is None):
        raise TypeError("Give either to_user_id or to_address.")
    if user_id is None:
        return Recipient(address or "", "", None)
    found = office.addresses.recipient(user_id)
    if found is None:
        raise RecipientUnknown
    return found
