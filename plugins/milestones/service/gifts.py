"""Gifts: made with an achievement or by hand, queued, called off."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.sdk.base import Page, SortKey, current, utc_now
from core.sdk.jobs import enqueue
from plugins.milestones.domain.gifts import (
    OPEN,
    GiftKind,
    GiftStatus,
    next_without,
)
from plugins.milestones.errors import (
    GiftDuplicate,
    GiftSettled,
    MilestoneArchived,
    NothingGiven,
)
from plugins.milestones.models import Achievement, Definition, Gift
from plugins.milestones.repository import (
    AchievementRepository,
    DefinitionRepository,
    GiftRepository,
)
from plugins.milestones.service.people import require_own_client

MOST_AT_ONCE = 500
"""How many gifts one call has handed over."""

_definitions = DefinitionRepository()
_achievements = AchievementRepository()
_gifts = GiftRepository()


@dataclass(frozen=True, slots=True)
class Queued:
    """How many gifts were queued, and how many wait besides."""

    queued: int
    left: int


def make_for(
    achievements: Iterable[Achievement], definitions: Mapping[UUID, Definition]
) -> list[Gift]:
    """Makes the gifts that follow from achievements; one given early is enough."""
    return _made(rows_for(achievements, definitions))


def rows_for(
    achievements: Iterable[Achievement], definitions: Mapping[UUID, Definition]
) -> list[dict[str, Any]]:
    """The gifts that follow from achievements, as rows."""
    return [
        _terms(definitions[one.definition_id], one.client_id, one.occurrence)
        for one in achievements
        if definitions[one.definition_id].gift.kind is not GiftKind.NONE
    ]


def give(*, client_id: UUID, definition_id: UUID, note: str | None = None) -> Gift:
    """Makes a gift by hand, for the first time that has none yet.

    Raises:
        ClientUnknown: There is no such client in this gym.
        DefinitionMissing: There is no such milestone.
        Forbidden: The actor does not reach this client.
        MilestoneArchived: The milestone is archived.
        NothingGiven: It gives nothing.
        GiftDuplicate: The client has the gift for each time.
    """
    require_own_client(client_id)
    definition = _definitions.get(definition_id)
    if definition.archived:
        raise MilestoneArchived
    if definition.gift.kind is GiftKind.NONE:
        raise NothingGiven
    number = next_without(
        _achievements.occurrences(client_id, definition_id),
        _gifts.occurrences(client_id, definition_id),
    )
    if number is not None:
        row = _terms(definition, client_id, number) | {"note": note}
        for gift in _made([row]):
            return gift
    raise GiftDuplicate


def find(
    *,
    status: GiftStatus | None = None,
    client_id: UUID | None = None,
    page: int,
    limit: int,
    sort: Sequence[SortKey],
) -> Page:
    """Returns a page of the gifts of clients within reach."""
    return _gifts.listed(
        status=status, client_id=client_id, page=page, limit=limit, sort=sort
    )


def get(*, gift_id: UUID) -> Gift:
    """Returns a gift.

    Raises:
        GiftMissing: There is no such gift.
        Forbidden: It is out of the actor's reach.
    """
    return _gifts.get(gift_id)


def queue(*, gift_ids: Sequence[UUID] | None = None) -> Queued:
    """Has gifts handed over, a job for each; a failed one is then tried again.

    Args:
        gift_ids: Which; None for those that wait, the oldest first.

    Raises:
        GiftMissing: One of them is none of this gym.
        Forbidden: One is out of the actor's reach.
        GiftSettled: One was handed over or called off.
    """
    if gift_ids is None:
        wanted = _gifts.pending(MOST_AT_ONCE)
        left = _gifts.count_pending() - len(wanted)
    else:
        wanted, left = _gifts.locked(gift_ids), 0
    for gift in wanted:
        _require_open(gift)
        gift.status, gift.failure = GiftStatus.PENDING.value, None
        _queue(gift)
    _gifts.save()
    return Queued(len(wanted), max(0, left))


def cancel(*, gift_id: UUID) -> Gift:
    """Calls a gift off.

    Raises:
        GiftMissing: There is no such gift.
        Forbidden: It is out of the actor's reach.
        GiftSettled: It was handed over or called off before.
    """
    gift = _gifts.get(gift_id, lock=True)
    _require_open(gift)
    gift.status, gift.failure = GiftStatus.CANCELED.value, None
    gift.settled_at = utc_now()
    _gifts.save()
    return gift


def count_pending() -> int:
    """Counts the gifts that wait to be handed over."""
    return _gifts.count_pending()


def _terms(definition: Definition, client_id: UUID, number: int) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "definition_id": definition.id,
        "occurrence": number,
        "title": definition.title,
        "note": None,
        "gift_kind": definition.gift_kind,
        "gift_text": definition.gift_text,
        "gift_uses": definition.gift_uses,
        "gift_expires_in_days": definition.gift_expires_in_days,
        "gift_channels": definition.gift_channels,
    }


def _made(rows: Sequence[Mapping[str, Any]]) -> list[Gift]:
    gifts = _gifts.create(rows)
    if current().require_gym().plugin_settings["milestones"]["auto_dispatch"]:
        for gift in gifts:
            _queue(gift)
    return gifts


def _queue(gift: Gift) -> None:
    enqueue("milestones.dispatch_gift", args={"gift_id": gift.id})


def _require_open(gift: Gift) -> None:
    if gift.status not in OPEN:
        raise GiftSettled(details={"giftId": str(gift.id), "status": gift.status})
