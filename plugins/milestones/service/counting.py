"""Counting: what a thing counts for a client, said once however often it is told."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from core.sdk.jobs import enqueue
from plugins.milestones.domain.rules import MAX_AMOUNT
from plugins.milestones.repository import CountRepository
from plugins.milestones.service.counters import SESSIONS
from plugins.milestones.service.evaluation import evaluate
from plugins.milestones.service.people import is_client
from plugins.scheduling.hooks import SessionEvent

_counts = CountRepository()

_COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a thing counts, as of one version of it; see ``count_towards_milestones``.

    Raises:
        ValueError: Amount or version is out of bounds.
    """

    client_id: UUID
    counter: str
    amount: int
    source_id: UUID
    at: datetime
    version: int

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= MAX_AMOUNT:
            raise ValueError(f"An amount lies between 0 and {MAX_AMOUNT}.")
        if self.version < 1:
            raise ValueError("Versions count from 1.")


def count(said: Said) -> bool:
    """Writes it down for another plugin, and has the client evaluated by job.

    By job, because evaluating waits for others who evaluate the same client, and the
    caller may hold what these wait for.

    Returns:
        Whether it was news.
    """
    if not _record(said):
        return False
    enqueue("milestones.evaluate", args={"client_ids": [said.client_id]})
    return True


def count_session(event: SessionEvent) -> None:
    """Counts a session that took place; one that did not counts nothing."""
    took_place = event.status == _COMPLETED
    said = Said(
        client_id=event.client_id,
        counter=SESSIONS.name,
        amount=int(took_place),
        source_id=event.session_id,
        at=event.starts_at,
        version=event.version,
    )
    if _record(said) and took_place:
        evaluate([event.client_id])


def _record(said: Said) -> bool:
    """Writes it down; not for somebody who is no client, or was erased meanwhile."""
    return is_client(said.client_id) and _counts.record([asdict(said)]) == 1
