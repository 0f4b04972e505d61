"""How far clients are, and what they reached."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core.sdk.base import Page, SortKey, current, utc_now
from plugins.milestones.domain.rules import RuleKind, standing
from plugins.milestones.models import Definition
from plugins.milestones.repository import (
    AchievementRepository,
    CountRepository,
    DefinitionRepository,
    OfClient,
)
from plugins.milestones.service.people import named_or_caller

_definitions = DefinitionRepository()
_counts = CountRepository()
_achievements = AchievementRepository()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a client stands with a milestone.

    Attributes:
        current: What counts towards the next time; where there is none, all of it.
        threshold: What the next time takes.
        percent: From 0 to 100.
        times_achieved: How often it was reached.
        achieved_at: When for the last time; None for never.
    """

    definition_id: UUID
    client_id: UUID
    title: str
    kind: RuleKind
    counter: str
    current: int
    threshold: int
    percent: int
    times_achieved: int
    achieved_at: datetime | None


def find(
    *, client_id: UUID | None = None, page: int, limit: int, sort: Sequence[SortKey]
) -> Page:
    """Returns a page of a client's progress, one item for each milestone.

    Args:
        client_id: Whose; None for the caller, who must then be a client.
        page: Which page, from 1.
        limit: How many items it holds.
        sort: Keys of the milestones.

    Raises:
        ClientUnknown: There is no such client in this gym.
        ClientUnnamed: Nobody is named, and the caller is no client.
        Forbidden: The actor does not reach this client.
    """
    whose = named_or_caller(client_id)
    found = _definitions.listed(archived=False, page=page, limit=limit, sort=sort)
    return replace(found, items=_progress(whose, found.items))


def of_client(client_id: UUID) -> list[Progress]:
    """Returns a client's progress with every milestone, for their record."""
    return _progress(client_id, _definitions.active())


def achievements(
    *,
    client_id: UUID | None = None,
    definition_id: UUID | None = None,
    page: int,
    limit: int,
    sort: Sequence[SortKey],
) -> Page:
    """Returns a page of what the clients within reach have reached."""
    return _achievements.listed(
        client_id=client_id,
        definition_id=definition_id,
        page=page,
        limit=limit,
        sort=sort,
    )


def _progress(client_id: UUID, definitions: Sequence[Definition]) -> list[Progress]:
    counters = {one.counter for one in definitions}
    counted = _counts.of_clients([client_id], counters)
    known = _achievements.of_clients([client_id])
    zone, now = current().require_gym().zone, utc_now()
    items = []
    for one in definitions:
        things = counted.get(OfClient(client_id, one.counter), [])
        stands = standing(one.rule, things, zone=zone, now=now)
        reached = known.get(OfClient(client_id, one.id))
        items.append(
            Progress(
                definition_id=one.id,
                client_id=client_id,
                title=one.title,
                kind=one.rule.kind,
                counter=one.counter,
                current=stands.current,
                threshold=stands.target,
                percent=stands.percent,
                times_achieved=reached.times if reached else 0,
                achieved_at=reached.last_at if reached else None,
            )
        )
    return items
