"""What staff sends to people at a time to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core.audit.recorder import record_event
from core.clock import utc_now
from core.context import current
from core.errors import Unprocessable
from core.ids import new_id
from core.notifications import wording
from core.notifications.errors import (
    RecipientUnknown,
    Refused,
    TemplateDefect,
    TopicMandatory,
)
from core.notifications.office import PostOffice, post_office
from core.notifications.ports import Recipient
from core.notifications.service import Message, write_all

MAX_PEOPLE: Final = 200
"""So many people one request writes to."""

FARTHEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be sent to whom; people by their ids or by a role."""

    template: str
    variables: Mapping[str, Any]
    at: datetime
    user_ids: Sequence[UUID] = ()
    role: str | None = None
    channels: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What was written down, and for how many people."""

    ids: Sequence[UUID]
    people: int


def schedule(wish: Wish) -> Scheduled:
    """Writes down messages that go out at a later time.

    Raises:
        TemplateUnknown: There is no such template.
        TopicMandatory: It is one that only the platform itself sends.
        ChannelUnknown: There is no such channel.
        RecipientUnknown: Somebody does not exist.
        Unprocessable: The time is past or too far, the variables do not fit, or the
            role has too many people.
    """
    office = post_office()
    office.templates.get(wish.template)
    topic = office.templates.topic_of(wish.template)
    if topic.mandatory:
        raise TopicMandatory
    _require_time(wish.at)
    _require_variables(office, wish)
    people = _people(office, wish)
    message = Message(wish.template, wish.variables, topic, at=wish.at)
    ids = write_all(message, people, channels=wish.channels)
    about = {"template": wish.template, "people": len(people), "messages": len(ids)}
    record_event("notification.schedule", "notification_delivery", new_id(), about)
    return Scheduled(ids, len(people))


def _require_time(at: datetime) -> None:
    ahead = at - utc_now()
    if ahead <= timedelta(0):
        raise _faulty("at", "This moment is past.")
    if ahead > FARTHEST:
        raise _faulty("at", f"At most {FARTHEST.days} days ahead.")


def _require_variables(office: PostOffice, wish: Wish) -> None:
    """Renders once, so that what cannot be sent is told now and not at its time."""
    try:
        office.templates.get(wish.template).require(wish.variables)
        gym = current().require_gym()
        language = office.templates.language(wish.template, gym.locale)
        wording.write(
            office,
            wish.template,
            language=language,
            to_name=None,
            variables=wish.variables,
        )
        # Sealed for nobody: this looks at the size, and at what is no JSON.
        office.seal.close(wish.variables, tenant_id=gym.id, delivery_id=gym.id)
    except (TemplateDefect, Refused) as error:
        raise _faulty("variables", str(error)) from error


def _people(office: PostOffice, wish: Wish) -> Sequence[Recipient]:
    if wish.role is None:
        wanted = set(wish.user_ids)
        found = office.addresses.recipients(wanted)
        if len(found) < len(wanted):
            raise RecipientUnknown
        return found
    found = office.addresses.with_role(wish.role, limit=MAX_PEOPLE + 1)
    if len(found) > MAX_PEOPLE:
        raise _faulty("role", f"More than {MAX_PEOPLE} people hold this role.")
    if not found:
        raise _faulty("role", "Nobody holds this role.")
    return found


def _faulty(field: str, message: str) -> Unprocessable:
    return Unprocessable(details={"body": {field: [message]}})
