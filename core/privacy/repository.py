"""All SQL on the requests themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from core.clock import utc_now
from core.context import current
from core.db.compiled_writes import Updating
from core.db.statement import Statement, given
from core.db.writes import insert_new
from core.http.page import Page
from core.ids import NIL, new_id
from core.privacy.models import PrivacyRequest, RequestKind, RequestStatus
from core.privacy.permissions import MANAGE
from core.rbac.listing import Listing
from core.rbac.repository import Repository

_TO_DO: Final = frozenset({RequestStatus.PENDING, RequestStatus.FAILED})


_REQUESTS = Listing(
    select(PrivacyRequest),
    {
        "kind": PrivacyRequest.kind == given("kind"),
        "status": PrivacyRequest.status == given("status"),
        "user_id": PrivacyRequest.person_id == given("user_id"),
        "mine": or_(
            PrivacyRequest.person_id == given("mine"),
            PrivacyRequest.requested_by == given("mine"),
        ),
    },
)

_OF_KIND = select(PrivacyRequest).where(
    PrivacyRequest.kind == given("kind"),
    PrivacyRequest.person_id == given("person"),
)
_PENDING = Statement(
    _OF_KIND.where(PrivacyRequest.status == RequestStatus.PENDING.value)
)
_LATEST_DONE = Statement(
    _OF_KIND.where(PrivacyRequest.status == RequestStatus.DONE.value)
    .order_by(PrivacyRequest.created_at.desc())
    .limit(1)
)
_EXPORTS = Statement(
    select(PrivacyRequest.id).where(
        PrivacyRequest.kind == RequestKind.EXPORT.value,
        PrivacyRequest.person_id == given("person"),
    )
)


def _expiring(which: ColumnElement[bool]) -> Updating[PrivacyRequest]:
    """Marks met exports whose archive is gone."""
    return Updating(
        PrivacyRequest,
        PrivacyRequest.kind == RequestKind.EXPORT.value,
        PrivacyRequest.status == RequestStatus.DONE.value,
        which,
        values={"status": RequestStatus.EXPIRED.value},
    )


_EXPIRE_OF = _expiring(PrivacyRequest.person_id == given("person"))
_EXPIRE_OLD = _expiring(PrivacyRequest.expires_at <= given("now"))


class Requests(Repository[PrivacyRequest]):
    """Requests; whoever does not manage them sees what is about or by themselves."""

    model = PrivacyRequest
    sorts = {
        "created_at": PrivacyRequest.created_at,
        "run_at": PrivacyRequest.run_at,
        "kind": PrivacyRequest.kind,
        "status": PrivacyRequest.status,
    }

    def listed(self, wanted: Mapping[str, Any]) -> Page:
        """Reads one page of what the caller may see."""
        filters = {name: wanted.get(name) for name in ("kind", "status", "user_id")}
        return self.page(
            _REQUESTS,
            filters | _own(),
            page=wanted["page"],
            limit=wanted["limit"],
            sort=wanted["sort"],
        )

    def seen(self, request_id: UUID, *, lock: bool = False) -> PrivacyRequest | None:
        """A request that the caller may see; None when there is none."""
        row = self.find(request_id, lock=lock)
        mine = _own()["mine"]
        if row is None or mine is None or mine in {row.person_id, row.requested_by}:
            return row
        return None

    def open(
        self, kind: RequestKind, person: UUID, run_at: datetime
    ) -> tuple[PrivacyRequest, bool]:
        """The request that waits for its job, made where there is none; and whether.

        Of many at once one makes it, and the others find it.
        """
        while True:
            row = {
                "id": new_id(),
                "kind": kind.value,
                "person_id": person,
                "requested_by": current().actor.user_id,
                "run_at": run_at,
            }
            made = insert_new(self.session, PrivacyRequest, [row])
            if made:
                return made[0], True
            known = self.pending(kind, person)
            if known is not None:
                return known, False

    def begin(self, request_id: UUID) -> PrivacyRequest | None:
        """A request whose job runs, locked; None when there is nothing (more) to do.

        One that was given up is open again, unless another was made since.
        """
        request = self.find(request_id, lock=True)
        if request is None or request.status not in _TO_DO:
            return None
        if request.status == RequestStatus.FAILED and self.pending(
            RequestKind(request.kind), request.person_id
        ):
            return None
        request.status = RequestStatus.PENDING.value
        request.error = request.finished_at = None
        request.started_at = request.started_at or utc_now()
        return request

    def pending(self, kind: RequestKind, person: UUID) -> PrivacyRequest | None:
        """The request of a kind about a person that waits for its job."""
        found: PrivacyRequest | None = self.session.read_one(
            _PENDING, kind=kind.value, person=person
        )
        return found

    def latest_done(self, kind: RequestKind, person: UUID) -> PrivacyRequest | None:
        """The newest met request of a kind about a person."""
        found: PrivacyRequest | None = self.session.read_one(
            _LATEST_DONE, kind=kind.value, person=person
        )
        return found

    def exports_of(self, person: UUID) -> list[UUID]:
        """Ids of the exports of a person."""
        return [row.id for row in self.session.read(_EXPORTS, person=person)]

    def expire_of(self, person: UUID) -> None:
        """Marks a person's met exports, whose archives are to go."""
        _EXPIRE_OF.run(self.session, person=person)

    def expire_old(self) -> int:
        """Marks met exports whose time is over; says how many."""
        return len(_EXPIRE_OLD.run(self.session, now=utc_now()))


def _own() -> dict[str, Any]:
    """Narrows callers to what concerns them, unless they manage requests."""
    actor = current().actor
    return {"mine": None if actor.may(MANAGE.name) else actor.user_id or NIL}


requests = Requests()
