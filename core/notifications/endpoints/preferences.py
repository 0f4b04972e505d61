"""``/me/notification-preferences``: what the caller wants to hear about."""

from typing import Any

from core.http.blueprint import Blueprint
from core.notifications import preferences as service
from core.notifications.errors import TopicMandatory, TopicUnknown
from core.notifications.inbox_schemas import PreferenceOut, PreferencesIn

preferences = Blueprint(
    "notification_preferences", prefix="/me/notification-preferences", tag="My account"
)


@preferences.get(
    summary="My notification preferences",
    signed_in=True,
    returns=PreferenceOut,
    many=True,
)
def show() -> list[dict[str, Any]]:
    """Every topic, and by which channels I get it; all of them at first."""
    return service.read_preferences()


@preferences.put(
    summary="Change my notification preferences",
    signed_in=True,
    body=PreferencesIn,
    returns=PreferenceOut,
    many=True,
    errors=(TopicMandatory, TopicUnknown),
    request_example={
        "choices": [{"topic": "news", "channel": "email", "wanted": False}]
    },
)
def change(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What is not named stays as it is. It counts for messages that wait, too."""
    return service.write_preferences(body["choices"])
