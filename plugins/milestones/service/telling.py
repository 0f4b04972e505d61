"""Telling clients what they reached, and what they are given."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.sdk.notifications import RecipientUnknown, notify
from plugins.milestones.domain.gifts import GiftKind
from plugins.milestones.models import Achievement, Definition, Gift

TOPIC = "milestones"

_QUIETLY = ("inbox",)


def tell_reached(achievement: Achievement, definition: Definition) -> None:
    """Tells a client what they reached; by the inbox alone where a gift follows."""
    follows = definition.gift.kind is not GiftKind.NONE
    _tell(
        achievement.client_id,
        "milestones.reached",
        {"title": definition.title, "occurrence": achievement.occurrence},
        _QUIETLY if follows else None,
    )


def tell_gift(gift: Gift, code: str | None) -> list[UUID]:
    """Writes a client what they are given; returns the deliveries, if there are any."""
    terms = gift.gift
    variables = {
        "title": gift.title,
        "text": terms.text,
        "note": gift.note,
        "code": code,
        "uses": terms.uses,
        "days": terms.expires_in_days,
    }
    channels = [one.value for one in terms.to_person]
    return _tell(gift.client_id, "milestones.gift", variables, channels)


def _tell(
    client_id: UUID,
    template: str,
    variables: Mapping[str, Any],
    channels: Sequence[str] | None,
) -> list[UUID]:
    try:
        return notify(
            user_id=client_id,
            template=template,
            variables=variables,
            topic=TOPIC,
            channels=channels,
        )
    except RecipientUnknown:
        return []
