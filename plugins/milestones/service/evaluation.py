"""Evaluating: who reached what, found anew from all that was counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.sdk.base import current, utc_now
from core.sdk.jobs import emit, enqueue
from core.sdk.metrics import counter
from plugins.milestones.domain.rules import standing
from plugins.milestones.hooks import MilestoneAchieved
from plugins.milestones.models import Achievement, Definition
from plugins.milestones.repository import (
    AchievementRepository,
    CountRepository,
    DefinitionRepository,
    OfClient,
)
from plugins.milestones.service import gifts
from plugins.milestones.service.people import require_own_client
from plugins.milestones.service.telling import tell_reached

BATCH = 50
"""How many clients one job evaluates."""

_definitions = DefinitionRepository()
_counts = CountRepository()
_achievements = AchievementRepository()
_achieved = counter("milestones_achieved_total", "Milestones that clients reached.")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation did.

    Attributes:
        achieved: How many milestones were found to be reached; 0 while it is queued.
        queued: Whether jobs do it.
    """

    achieved: int
    queued: bool


def evaluate_now(*, client_id: UUID | None = None) -> Evaluated:
    """Evaluates one client at once, or all of them by job.

    Raises:
        ClientUnknown: There is no such client in this gym.
        Forbidden: The actor does not reach this client.
    """
    if client_id is None:
        enqueue("milestones.evaluate_all")
        return Evaluated(0, queued=True)
    require_own_client(client_id)
    return Evaluated(len(evaluate([client_id])), queued=False)


def queue_all() -> None:
    """Has everybody evaluated of whom something was counted, a batch in a job."""
    last: UUID | None = None
    while batch := _counts.clients_after(last, BATCH):
        enqueue("milestones.evaluate", args={"client_ids": batch})
        last = batch[-1]


def evaluate(client_ids: Sequence[UUID]) -> list[Achievement]:
    """Finds what clients reached since last time, and what follows from that.

    Any number may do so at the same time: they wait for each other, client by client,
    so that each sees what the one before counted, and a time that is there already is
    left alone.

    Returns:
        The new ones.
    """
    made = find(client_ids)
    by_id = {one.id: one for one in _definitions.active()} if made else {}
    for achievement in made:
        _tell(achievement, by_id[achievement.definition_id])
    gifts.make_for(made, by_id)
    return made


def find(client_ids: Sequence[UUID]) -> list[Achievement]:
    """Writes what clients reached since last time; tells nobody, gives nothing."""
    _counts.lock(client_ids)
    definitions = _definitions.active()
    made = _achievements.create(list(_new(definitions, client_ids)))
    if made:
        _achieved.inc(by=len(made))
    return made


def _new(
    definitions: Sequence[Definition], client_ids: Sequence[UUID]
) -> Iterator[dict[str, Any]]:
    counters = {one.counter for one in definitions}
    counted = _counts.of_clients(client_ids, counters)
    known = _achievements.of_clients(client_ids)
    zone, now = current().require_gym().zone, utc_now()
    for client_id in client_ids:
        for one in definitions:
            things = counted.get(OfClient(client_id, one.counter), [])
            reached = standing(one.rule, things, zone=zone, now=now).reached
            there = known.get(OfClient(client_id, one.id))
            for number in range(there.times if there else 0, len(reached)):
                yield {
                    "client_id": client_id,
                    "definition_id": one.id,
                    "occurrence": number + 1,
                    "achieved_at": reached[number],
                }


def _tell(achievement: Achievement, definition: Definition) -> None:
    emit(
        MilestoneAchieved(
            achievement_id=achievement.id,
            definition_id=definition.id,
            client_id=achievement.client_id,
            title=definition.title,
            occurrence=achievement.occurrence,
            achieved_at=achievement.achieved_at,
        )
    )
    tell_reached(achievement, definition)
