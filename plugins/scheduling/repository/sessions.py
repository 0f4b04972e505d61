"""All SQL on sessions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import ExclusionViolation
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError

from core.sdk.base import Page, SortKey
from core.sdk.data import (
    Listing,
    Repository,
    Statement,
    Updating,
    given,
    insert_new,
    lock_ids,
)
from plugins.scheduling.domain.sessions import MAX_DURATION, Status
from plugins.scheduling.domain.walltime import Interval
from plugins.scheduling.errors import Overlap, SessionMissing
from plugins.scheduling.models import CLIENT_FREE, COACH_FREE, TrainingSession

_WHO = {COACH_FREE: "coach", CLIENT_FREE: "client"}

_LISTED: tuple[Any, ...] = (
    TrainingSession.id,
    TrainingSession.client_id,
    TrainingSession.coach_id,
    TrainingSession.starts_at,
    TrainingSession.ends_at,
    TrainingSession.status,
    TrainingSession.location,
    TrainingSession.notes,
    TrainingSession.version,
    TrainingSession.created_at,
    TrainingSession.updated_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """What a list of sessions is narrowed to; None leaves a condition out.

    Attributes:
        since: Sessions that start then or later.
        until: Sessions that start before.
    """

    coach_id: UUID | None = None
    client_id: UUID | None = None
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None


_SESSIONS = Listing(
    select(*_LISTED),
    {
        "coach_id": TrainingSession.coach_id == given("coach_id"),
        "client_id": TrainingSession.client_id == given("client_id"),
        "status": TrainingSession.status == given("status"),
        "since": TrainingSession.starts_at >= given("since"),
        "until": TrainingSession.starts_at < given("until"),
    },
    few=("coach_id", "client_id"),
)


_NONE = UUID(int=0)
"""The id of no session."""

# No session is longer than ``MAX_DURATION``, so looking that far back finds all that
# touch a stretch by their start alone, which is indexed.
_BOOKED = Statement(
    select(TrainingSession.starts_at, TrainingSession.ends_at).where(
        TrainingSession.coach_id == given("coach_id"),
        TrainingSession.status != Status.CANCELED.value,
        TrainingSession.starts_at > given("after"),
        TrainingSession.starts_at < given("before"),
        TrainingSession.id != given("besides"),
    )
)

_ONE = Statement(select(*_LISTED).where(TrainingSession.id == given("id")))
_MOVING = Updating(
    TrainingSession,
    TrainingSession.id == given("id"),
    values={"starts_at": given("starts"), "ends_at": given("ends")},
)


def _counted(*criteria: ColumnElement[bool]) -> Statement:
    """Counts sessions that were not canceled."""
    standing = TrainingSession.status != Status.CANCELED.value
    counted = select(func.count()).select_from(TrainingSession)
    return Statement(counted.where(standing, *criteria))


_COUNT_ALL = _counted()
_COUNT_BETWEEN = _counted(
    TrainingSession.starts_at >= given("since"),
    TrainingSession.starts_at < given("until"),
)
_SCHEDULED = TrainingSession.status == Status.SCHEDULED.value
_NEXT_OF_CLIENT = Statement(
    select(TrainingSession)
    .where(
        TrainingSession.client_id == given("client_id"),
        TrainingSession.starts_at >= given("now"),
        _SCHEDULED,
    )
    .order_by(TrainingSession.starts_at)
    .limit(given("limit"))
)
_LAST_OF_CLIENT = Statement(
    select(TrainingSession)
    .where(
        TrainingSession.client_id == given("client_id"),
        TrainingSession.starts_at < given("now"),
    )
    .order_by(TrainingSession.starts_at.desc())
    .limit(given("limit"))
)
_SCHEDULED_AFTER = Statement(
    select(TrainingSession.id, TrainingSession.starts_at).where(
        TrainingSession.starts_at > given("moment"), _SCHEDULED
    )
)
_COMING_OF = Statement(
    select(TrainingSession)
    .where(
        or_(
            TrainingSession.client_id == given("person_id"),
            TrainingSession.coach_id == given("person_id"),
        ),
        TrainingSession.starts_at >= given("now"),
        _SCHEDULED,
    )
    .order_by(TrainingSession.id)
)


class SessionRepository(Repository[TrainingSession]):
    """The sessions."""

    model = TrainingSession
    missing = SessionMissing
    sorts = {
        "starts_at": TrainingSession.starts_at,
        "created_at": TrainingSession.created_at,
    }

    def listed(
        self, wanted: SessionFilter, *, page: int, limit: int, sort: Sequence[SortKey]
    ) -> Page:
        """Returns a page of the sessions within the actor's reach."""
        values = {
            "coach_id": wanted.coach_id,
            "client_id": wanted.client_id,
            "status": wanted.status,
            "since": wanted.since,
            "until": wanted.until,
        }
        return self.page(_SESSIONS, values, page=page, limit=limit, sort=sort)

    def read(self, session_id: UUID) -> Any:
        """Returns a session as the API shows it.

        Raises:
            SessionMissing: There is no such session.
            Forbidden: It is out of the actor's reach.
        """
        return self.shown(_ONE, session_id)

    def lock(self, *ids: UUID) -> None:
        """Takes coaches and clients for this unit of work, in a fixed order."""
        lock_ids(self.session, *ids)

    def booked(
        self, coach_id: UUID, around: Interval, *, besides: UUID | None = None
    ) -> list[Interval]:
        """Returns a coach's sessions that are not canceled and touch a stretch."""
        rows = self.session.read(
            _BOOKED,
            coach_id=coach_id,
            after=around.starts - MAX_DURATION,
            before=around.ends,
            besides=besides or _NONE,
        )
        return [Interval(*row) for row in rows]

    def book(self, values: Mapping[str, Any]) -> TrainingSession:
        """Writes a new session, unless coach or client has one at that time.

        Raises:
            Overlap: One of them has; decided by the database, whoever else books.
        """
        for row in insert_new(self.session, TrainingSession, [values]):
            return row
        coach_id = values["coach_id"]
        wanted = Interval(values["starts_at"], values["ends_at"])
        others = self.booked(coach_id, wanted)
        taken = any(other.overlaps(wanted) for other in others)
        raise Overlap(details={"who": "coach" if taken else "client"})

    def book_many(self, sessions: Sequence[Mapping[str, Any]]) -> int:
        """Writes sessions but those that overlap; returns how many it wrote."""
        return len(insert_new(self.session, TrainingSession, sessions))

    def move(self, row: TrainingSession, to: Interval) -> None:
        """Moves a session; its coach and client are locked by the caller.

        Raises:
            Overlap: One of them has another session then. Nothing else can be done in
                this unit of work.
        """
        try:
            _MOVING.run(self.session, id=row.id, starts=to.starts, ends=to.ends)
        except IntegrityError as error:
            if not isinstance(error.orig, ExclusionViolation):
                raise
            who = _WHO[error.orig.diag.constraint_name or ""]
            raise Overlap(details={"who": who}) from error

    def save(self) -> None:
        """Writes what changed, so that the answer carries the new version."""
        self.session.flush()

    def count(self) -> int:
        """Counts all of the gym's sessions that were not canceled."""
        return int(self.session.read_value(_COUNT_ALL))

    def count_between(self, since: datetime, until: datetime) -> int:
        """Counts the gym's sessions of a stretch that were not canceled."""
        values = {"since": since, "until": until}
        return int(self.session.read_value(_COUNT_BETWEEN, **values))

    def next_of_client(
        self, client_id: UUID, now: datetime, limit: int
    ) -> list[TrainingSession]:
        """Returns the client's coming sessions that stand, soonest first."""
        return self.session.read(
            _NEXT_OF_CLIENT, client_id=client_id, now=now, limit=limit
        )

    def scheduled_after(self, moment: datetime) -> Iterator[tuple[UUID, datetime]]:
        """Gives ids and beginnings of the sessions that stand after a moment."""
        for row in self.session.read(_SCHEDULED_AFTER, moment=moment):
            yield row.id, row.starts_at

    def coming_of(self, person_id: UUID, now: datetime) -> list[TrainingSession]:
        """Returns all coming sessions that stand of a client or coach."""
        return self.session.read(_COMING_OF, person_id=person_id, now=now)

    def last_of_client(
        self, client_id: UUID, now: datetime, limit: int
    ) -> list[TrainingSession]:
        """Returns the client's past sessions, latest first, canceled ones included."""
        return self.session.read(
            _LAST_OF_CLIENT, client_id=client_id, now=now, limit=limit
        )
