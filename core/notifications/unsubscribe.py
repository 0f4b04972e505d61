"""Opting out by a link, without logging in (RFC 8058).

A link does not run out: somebody may look for it in a message that is years old. It is
bound to gym, person, topic and channel, and can do nothing but opt that person out.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.audit.recorder import record_event
from core.context import Gym, current
from core.errors import Unprocessable
from core.http import cursor
from core.http.blueprint import API
from core.http.tenancy import PREFIX
from core.notifications import preference_rows
from core.notifications.errors import TopicUnknown, UnsubscribeInvalid
from core.notifications.office import PostOffice, post_office
from core.notifications.topics import Topic

PATH: Final = "/notifications/unsubscribe"

MAX_TOKEN: Final = cursor.MAX_CURSOR

_PURPOSE: Final = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link is about."""

    user_id: UUID
    topic: Topic
    channel: str


def address(gym: Gym, *, user_id: UUID, topic: str, channel: str) -> str:
    """Where a person opts out of a topic by a channel, with GET to look and POST."""
    office = post_office()
    token = cursor.sign(
        office.signing_key(),
        [str(user_id), topic, channel],
        purpose=_PURPOSE,
        scope=str(gym.id),
    )
    return f"{office.public_url}{PREFIX}{gym.slug}{API}{PATH}?token={token}"


def read(token: str) -> Subscription:
    """What a token is about; changes nothing.

    Raises:
        UnsubscribeInvalid: It is not one that this gym sent.
    """
    office = post_office()
    user_id, topic, channel = _verified(office, token)
    try:
        about = office.templates.topic(topic)
    except TopicUnknown:
        # The plugin that had the topic is gone, and its messages with it.
        about = Topic(topic, {"en": topic})
    return Subscription(UUID(user_id), about, channel)


def _verified(office: PostOffice, token: str) -> list[str]:
    """What a token holds.

    Raises:
        UnsubscribeInvalid: It is not ours, or another gym's.
    """
    scope = str(current().require_gym().id)
    try:
        return cursor.verify(office.signing_key(), token, purpose=_PURPOSE, scope=scope)
    except Unprocessable as error:
        raise UnsubscribeInvalid from error


def opt_out(token: str) -> Subscription:
    """Opts a person out; as often as one likes.

    Raises:
        UnsubscribeInvalid: The token is not one that this gym sent.
    """
    found = read(token)
    if post_office().addresses.recipient(found.user_id) is not None:
        preference_rows.put(
            found.user_id, found.topic.name, found.channel, wanted=False
        )
        record_event(
            "notification.unsubscribe",
            "user",
            found.user_id,
            {"topic": found.topic.name, "channel": found.channel},
        )
    return found
