"""All SQL on what people hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, type_coerce

from core.sdk.base import Page, SortKey, new_id
from core.sdk.data import (
    Listing,
    Repository,
    Statement,
    Updating,
    given,
    insert_batch,
    insert_new,
)
from plugins.passes.domain.kinds import State
from plugins.passes.errors import PassNotFound
from plugins.passes.models import Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PassFilter:
    """What a list of passes is narrowed to; None leaves a condition out."""

    status: State | None = None
    client_id: UUID | None = None
    kind: str | None = None
    batch_id: UUID | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A use to take of a pass whose uses are counted down.

    Attributes:
        moment: When the session is, or now at the desk.
        day: Its date in the gym's zone.
        holder_id: Who holds the pass from then on, where nobody did; may be None.
        expires_at: When it ends, where its days began to count with this use.
    """

    moment: datetime
    day: date
    holder_id: UUID | None = None
    expires_at: datetime | None = None


def _states() -> Mapping[str, ColumnElement[bool]]:
    """What ``domain.entitlement.state`` says, as SQL."""
    now = given("now")
    standing = Pass.revoked_at.is_(None)
    over = or_(Pass.expired_at.is_not(None), and_(~Pass.renews, Pass.expires_at <= now))
    # NULL in expires_at must read as "not over".
    lasting = and_(
        Pass.expired_at.is_(None),
        or_(Pass.renews, Pass.expires_at.is_(None), Pass.expires_at > now),
    )
    used_up = and_(Pass.remaining.is_not(None), Pass.remaining == 0)
    return {
        State.REVOKED.value: Pass.revoked_at.is_not(None),
        State.EXPIRED.value: and_(standing, over),
        State.USED.value: and_(standing, lasting, used_up),
        State.ACTIVE.value: and_(
            standing, lasting, or_(Pass.remaining.is_(None), Pass.remaining > 0)
        ),
    }


_STATES = _states()
_PASSES = Listing(
    select(Pass),
    {
        **_STATES,
        "client_id": Pass.client_id == given("client_id"),
        "kind": Pass.kind == given("kind"),
        "batch_id": Pass.batch_id == given("batch_id"),
    },
)


_OPEN = Statement(
    select(Pass)
    .where(Pass.client_id == given("client_id"), _STATES[State.ACTIVE])
    .order_by(Pass.expires_at.asc().nulls_last(), Pass.id)
    .limit(given("limit"))
)
_HELD = Statement(
    select(func.count())
    .select_from(Pass)
    .where(Pass.client_id.is_not(None), _STATES[State.ACTIVE])
)
_BY_CODE = Statement(select(Pass).where(Pass.code == given("code")))
_USABLE = Statement(
    select(Pass)
    .where(
        Pass.client_id == given("client_id"),
        Pass.revoked_at.is_(None),
        Pass.expired_at.is_(None),
        or_(Pass.remaining.is_(None), Pass.remaining > 0),
    )
    .order_by(Pass.id)
    .with_for_update(),
    refresh=True,
)


def _due(which: ColumnElement[bool]) -> Statement:
    """Passes that end by a moment, locked."""
    due = select(Pass).where(
        Pass.expires_at <= given("moment"),
        Pass.expired_at.is_(None),
        Pass.revoked_at.is_(None),
        which,
    )
    ordered = due.order_by(Pass.expires_at, Pass.id).limit(given("limit"))
    return Statement(ordered.with_for_update(), refresh=True)


_ENDED = _due(Pass.renews.is_(False))
_RENEWING = _due(Pass.renews.is_(True))
_REVOKE = Updating(
    Pass,
    Pass.client_id == given("client_id"),
    Pass.revoked_at.is_(None),
    Pass.expired_at.is_(None),
    values={"revoked_at": given("now")},
)


def _taking(values: Mapping[str, Any]) -> Updating[Pass]:
    """Takes one use of a pass that covers a moment and has one left."""
    moment, day = given("moment"), given("day")
    holder_id = type_coerce(given("holder_id"), Pass.client_id.type)
    return Updating(
        Pass,
        Pass.id == given("pass_id"),
        Pass.remaining > 0,
        Pass.revoked_at.is_(None),
        Pass.blocked_at.is_(None),
        Pass.expired_at.is_(None),
        Pass.starts_at <= moment,
        or_(Pass.expires_at.is_(None), Pass.expires_at > moment),
        or_(
            Pass.paused_from.is_(None),
            Pass.paused_from > day,
            Pass.paused_until < day,
        ),
        or_(Pass.client_id.is_(None), Pass.client_id == holder_id),
        values={
            "remaining": Pass.remaining - 1,
            "client_id": func.coalesce(holder_id, Pass.client_id),
            **values,
        },
    )


_TAKE = _taking({})
_TAKE_FIRST = _taking(
    {
        # Of several first uses at once the first one begins the days.
        "expires_at": case(
            (
                Pass.valid_days.is_not(None),
                type_coerce(given("ends_at"), Pass.expires_at.type),
            ),
            else_=Pass.expires_at,
        ),
        "valid_days": None,
    }
)


class PassRepository(Repository[Pass]):
    """Passes, packs and memberships."""

    model = Pass
    missing = PassNotFound
    sorts = {
        "created_at": Pass.created_at,
        "expires_at": Pass.expires_at,
        "kind": Pass.kind,
    }

    def listed(
        self, wanted: PassFilter, *, page: int, limit: int, sort: Sequence[SortKey]
    ) -> Page:
        """Returns a page of the passes within the actor's reach."""
        values: dict[str, Any] = {
            "client_id": wanted.client_id,
            "kind": wanted.kind,
            "batch_id": wanted.batch_id,
            "now": wanted.now,
        }
        if wanted.status is not None:
            values[wanted.status.value] = True
        return self.page(_PASSES, values, page=page, limit=limit, sort=sort)

    def by_code(self, code: str) -> Pass | None:
        """Returns the pass of a code as it is kept, whoever asks."""
        found: Pass | None = self.session.read_one(_BY_CODE, code=code)
        return found

    def create(self, values: Sequence[dict[str, Any]]) -> list[Pass]:
        """Writes passes, in the order given."""
        made = {row.id: row for row in insert_new(self.session, Pass, values)}
        return [made[one["id"]] for one in values]

    def create_batch(
        self, batch_id: UUID, codes: Sequence[str], same: dict[str, Any]
    ) -> list[UUID]:
        """Writes a pass for each code, by one statement; returns their ids."""
        ids = [new_id() for _ in codes]
        insert_batch(
            self.session,
            Pass,
            batch_id,
            same={**same, "batch_id": batch_id},
            each={"id": ids, "code": codes},
        )
        return ids

    def take_one(self, pass_id: UUID, use: Use) -> bool:
        """Takes one use, if the pass covers the moment and has one left.

        Decided by the database in one conditional UPDATE: of many at once only as
        many succeed as there are uses.
        """
        wanted: dict[str, Any] = {
            "pass_id": pass_id,
            "moment": use.moment,
            "day": use.day,
            "holder_id": use.holder_id,
        }
        if use.expires_at is None:
            return bool(_TAKE.run(self.session, **wanted))
        taken = _TAKE_FIRST.run(self.session, **wanted, ends_at=use.expires_at)
        return bool(taken)

    def usable_of(self, client_id: UUID) -> list[Pass]:
        """Takes what a client may use for this unit of work, in a fixed order."""
        return self.session.read(_USABLE, client_id=client_id)

    def open_of(self, client_id: UUID, now: datetime, limit: int) -> list[Pass]:
        """Returns a client's active passes, those that end first in front."""
        return self.session.read(_OPEN, client_id=client_id, now=now, limit=limit)

    def count_held(self, now: datetime) -> int:
        """Counts active passes that somebody holds."""
        return self.session.read_value(_HELD, now=now) or 0

    def revoke_all_of(self, client_id: UUID, now: datetime) -> int:
        """Takes back all that somebody holds; returns how many passes."""
        return len(_REVOKE.run(self.session, client_id=client_id, now=now))

    def ended(self, now: datetime, limit: int) -> list[Pass]:
        """Takes passes whose time is over, renewing ones left out."""
        return self.session.read(_ENDED, moment=now, limit=limit)

    def renewing(self, until: datetime, limit: int) -> list[Pass]:
        """Takes memberships whose period ends by ``until`` and that go on."""
        return self.session.read(_RENEWING, moment=until, limit=limit)

    def save(self) -> None:
        """Writes what changed, so that the answer carries the new version."""
        self.session.flush()
