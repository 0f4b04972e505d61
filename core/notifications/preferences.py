"""What the caller wants to hear about, and how."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.notifications import preference_rows
from core.notifications.errors import TopicMandatory
from core.notifications.inbox import caller
from core.notifications.office import post_office
from core.notifications.topics import CHANNELS


def read_preferences() -> list[dict[str, Any]]:
    """Every topic, and by which channels the caller wants it."""
    user_id, office = caller(), post_office()
    said = {
        (row.topic, row.channel): row.wanted
        for row in preference_rows.of_person(user_id)
    }
    found = office.addresses.recipient(user_id)
    language = found.locale if found else None
    return [
        {
            "topic": topic.name,
            "title": topic.title_in(language),
            "mandatory": topic.mandatory,
            "default_channels": list(topic.channels),
            "channels": {
                channel: topic.mandatory or said.get((topic.name, channel), True)
                for channel in CHANNELS
            },
        }
        for topic in office.templates.topics
    ]


def write_preferences(choices: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Writes down what the caller wants; what is not named stays as it is.

    Of a topic and channel that is named twice, the last counts.

    Raises:
        TopicUnknown: There is no such topic.
        TopicMandatory: Nobody can opt out of a topic.
    """
    user_id, office = caller(), post_office()
    wanted: dict[tuple[str, str], bool] = {}
    for choice in choices:
        topic = office.templates.topic(choice["topic"])
        if topic.mandatory and not choice["wanted"]:
            raise TopicMandatory(details={"topic": topic.name})
        if not topic.mandatory:
            wanted[topic.name, choice["channel"]] = choice["wanted"]
    preference_rows.put_all(user_id, [(*key, value) for key, value in wanted.items()])
    return read_preferences()
