"""All SQL of milestones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from core.sdk.base import Page, SortKey
from core.sdk.data import (
    Listing,
    Repository,
    Statement,
    among,
    given,
    insert_new,
    lock_ids,
)
from plugins.milestones.domain.gifts import GiftStatus
from plugins.milestones.domain.rules import Counted
from plugins.milestones.errors import DefinitionMissing, GiftMissing
from plugins.milestones.models import Achievement, CountedThing, Definition, Gift


class OfClient(NamedTuple):
    """A client, and what of theirs is meant: a counter's name or a milestone's id."""

    client_id: UUID
    what: Any


_DEFINITIONS = Listing(
    select(Definition),
    {
        "archived": Definition.archived_at.is_not(None),
        "active": Definition.archived_at.is_(None),
    },
)
_ACHIEVEMENTS = Listing(
    select(Achievement),
    {
        "client_id": Achievement.client_id == given("client_id"),
        "definition_id": Achievement.definition_id == given("definition_id"),
    },
)
_GIFTS = Listing(
    select(Gift),
    {
        "status": Gift.status == given("status"),
        "client_id": Gift.client_id == given("client_id"),
    },
)
_ACTIVE = Statement(
    select(Definition).where(Definition.archived_at.is_(None)).order_by(Definition.id)
)

_THING = (CountedThing.client_id, CountedThing.counter, CountedThing.source_id)
_COUNTED = Statement(
    select(
        CountedThing.client_id,
        CountedThing.counter,
        CountedThing.at,
        CountedThing.amount,
    )
    .ext(distinct_on(*_THING))
    .where(
        among(CountedThing.client_id, "client_ids"),
        among(CountedThing.counter, "counters"),
    )
    .order_by(*_THING, CountedThing.version.desc())
)
"""Of each thing its highest version. Picked by sorting the clients' own rows: looking
for a newer row of each is slow while statistics are missing."""

_CLIENTS = Statement(
    select(CountedThing.client_id)
    .distinct()
    .where(CountedThing.client_id > given("last"))
    .order_by(CountedThing.client_id)
    .limit(given("limit"))
)
_REACHED = Statement(
    select(
        Achievement.client_id,
        Achievement.definition_id,
        func.max(Achievement.occurrence),
        func.max(Achievement.achieved_at),
    )
    .where(among(Achievement.client_id, "client_ids"))
    .group_by(Achievement.client_id, Achievement.definition_id)
)
_TIMES_REACHED = Statement(
    select(Achievement.occurrence).where(
        Achievement.client_id == given("client_id"),
        Achievement.definition_id == given("definition_id"),
    )
)
_TIMES_GIVEN = Statement(
    select(Gift.occurrence).where(
        Gift.client_id == given("client_id"),
        Gift.definition_id == given("definition_id"),
    )
)
_PENDING = select(Gift).where(Gift.status == GiftStatus.PENDING.value)
_OLDEST_PENDING = Statement(
    _PENDING.order_by(Gift.created_at, Gift.id).limit(given("limit"))
)
_COUNT_PENDING = Statement(
    _PENDING.with_only_columns(func.count(), maintain_column_froms=True)
)

_FIRST = UUID(int=0)
"""Before the id of any client."""


class DefinitionRepository(Repository[Definition]):
    """The milestones."""

    model = Definition
    missing = DefinitionMissing
    sorts = {"created_at": Definition.created_at, "title": Definition.title}

    def active(self) -> list[Definition]:
        """Returns those that can be reached, oldest first."""
        return self.session.read(_ACTIVE)

    def listed(
        self,
        *,
        archived: bool | None,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """Returns a page of those that are archived, or not, or of both for None."""
        wanted = {
            "archived": archived or None,
            "active": True if archived is False else None,
        }
        return self.page(_DEFINITIONS, wanted, page=page, limit=limit, sort=sort)

    def save(self) -> None:
        """Writes what changed, so that the answer carries the new version."""
        self.session.flush()


class CountRepository(Repository[CountedThing]):
    """What was counted."""

    model = CountedThing

    def lock(self, client_ids: Iterable[UUID]) -> None:
        """Takes clients for this unit of work, in a fixed order."""
        lock_ids(self.session, *client_ids)

    def record(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Writes what is news; returns how much that was."""
        return len(insert_new(self.session, CountedThing, rows))

    def of_clients(
        self, client_ids: Sequence[UUID], counters: Iterable[str]
    ) -> dict[OfClient, list[Counted]]:
        """Returns what counts for clients, by client and counter."""
        rows = self.session.read(
            _COUNTED, client_ids=list(client_ids), counters=sorted(counters)
        )
        found: dict[OfClient, list[Counted]] = {}
        for client_id, counter, at, amount in rows:
            if amount > 0:
                key = OfClient(client_id, counter)
                found.setdefault(key, []).append(Counted(at, amount))
        return found

    def clients_after(self, last: UUID | None, limit: int) -> list[UUID]:
        """Returns clients of whom something was counted, by id."""
        rows = self.session.read(_CLIENTS, last=last or _FIRST, limit=limit)
        return [row.client_id for row in rows]


class Reached(NamedTuple):
    """How often a milestone was reached, and when for the last time."""

    times: int
    last_at: Any


class AchievementRepository(Repository[Achievement]):
    """What clients reached."""

    model = Achievement
    sorts = {"achieved_at": Achievement.achieved_at}

    def of_clients(self, client_ids: Sequence[UUID]) -> dict[OfClient, Reached]:
        """Returns what clients reached, by client and milestone."""
        rows = self.session.read(_REACHED, client_ids=list(client_ids))
        return {
            OfClient(client_id, definition_id): Reached(times, last_at)
            for client_id, definition_id, times, last_at in rows
        }

    def occurrences(self, client_id: UUID, definition_id: UUID) -> set[int]:
        """Returns the numbers of the times that a client reached a milestone."""
        rows = self.session.read(
            _TIMES_REACHED, client_id=client_id, definition_id=definition_id
        )
        return {row.occurrence for row in rows}

    def create(self, rows: Sequence[Mapping[str, Any]]) -> list[Achievement]:
        """Writes those that are not there yet, and returns them."""
        return insert_new(self.session, Achievement, rows)

    def listed(
        self,
        *,
        client_id: UUID | None,
        definition_id: UUID | None,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """Returns a page of what the clients within reach have reached."""
        wanted = {"client_id": client_id, "definition_id": definition_id}
        return self.page(_ACHIEVEMENTS, wanted, page=page, limit=limit, sort=sort)


class GiftRepository(Repository[Gift]):
    """The gifts."""

    model = Gift
    missing = GiftMissing
    sorts = {"created_at": Gift.created_at}

    def create(self, rows: Sequence[Mapping[str, Any]]) -> list[Gift]:
        """Writes those that are not there yet, and returns them."""
        return insert_new(self.session, Gift, rows)

    def occurrences(self, client_id: UUID, definition_id: UUID) -> set[int]:
        """Returns for which times a client has a gift of a milestone."""
        rows = self.session.read(
            _TIMES_GIVEN, client_id=client_id, definition_id=definition_id
        )
        return {row.occurrence for row in rows}

    def pending(self, limit: int) -> list[Gift]:
        """Returns the gifts that wait, oldest first."""
        return self.session.read(_OLDEST_PENDING, limit=limit)

    def count_pending(self) -> int:
        """Counts the gifts that wait."""
        return int(self.session.read_value(_COUNT_PENDING))

    def locked(self, gift_ids: Iterable[UUID]) -> list[Gift]:
        """Returns gifts for change, in a fixed order.

        Raises:
            GiftMissing: One of them is none of this gym.
            Forbidden: One is out of the actor's reach.
        """
        return [self.get(one, lock=True) for one in sorted(set(gift_ids))]

    def listed(
        self,
        *,
        status: GiftStatus | None,
        client_id: UUID | None,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """Returns a page of the gifts of clients within reach."""
        wanted = {"status": status, "client_id": client_id}
        return self.page(_GIFTS, wanted, page=page, limit=limit, sort=sort)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Takes back what the block wrote if it raises; nothing else is lost."""
        with self.session.begin_nested():
            yield

    def save(self) -> None:
        """Writes what changed, so that the answer carries the new version."""
        self.session.flush()
