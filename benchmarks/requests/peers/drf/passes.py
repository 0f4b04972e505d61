"""Redeeming a pass."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum
from rest_framework.request import Request
from rest_framework.response import Response

from benchmarks.requests.peers.common import audit, errors, passes, roles
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.drf.access import TenantMixin, cause_of, zone_of
from benchmarks.requests.peers.drf.booking import require_reach
from benchmarks.requests.peers.drf.http import failure, success
from benchmarks.requests.peers.drf.idempotency import idempotent
from benchmarks.requests.peers.drf.models import (
    AuditEntry,
    Client,
    LedgerEntry,
    Miss,
    Pass,
    TrainingSession,
)
from benchmarks.requests.peers.drf.serializers import PassSerializer, RedemptionBody


class RedeemView(TenantMixin):
    """Takes one use of the pass with a code."""

    permissions_by_action = {"POST": roles.PASSES_REDEEM}

    @idempotent
    def post(self, request: Request) -> Response:
        body = RedemptionBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        session = _session(request, asked.get("session_id"))
        client_id = _client(request, asked.get("client_id"))
        miss = Miss.objects.filter(holder_id=request.user.id).first()
        now = utc_now()
        fresh = miss is not None and now < miss.since + passes.WINDOW
        if fresh and miss.misses >= passes.FREE_MISSES:
            raise errors.TooManyMisses
        code = passes.normalised(asked["code"])
        row = Pass.objects.select_for_update().filter(code=code).first()
        if row is None:
            _note_miss(request, miss, now, fresh=fresh)
            return failure(request, errors.PassNotFound())
        _take(request, row, session, client_id)
        own = row.client_id == request.user.id
        manages = roles.may(request.user.role, roles.PASSES_MANAGE)
        shown = passes.present(row, see_code=own or manages, now=now)
        return success(request, PassSerializer(shown).data, status=201)


def _session(request: Request, session_id: UUID | None) -> TrainingSession | None:
    if session_id is None:
        return None
    row = TrainingSession.objects.filter(id=session_id).first()
    if row is None:
        raise errors.PassSessionUnknown
    require_reach(request.user, row.client_id)
    if row.status == "canceled":
        raise errors.SessionUnfit("This session was canceled.")
    return row


def _client(request: Request, client_id: UUID | None) -> UUID | None:
    if client_id is not None:
        if not Client.objects.filter(id=client_id).exists():
            raise errors.PassClientUnknown
        require_reach(request.user, client_id)
    return client_id


def _note_miss(
    request: Request, miss: Miss | None, now: datetime, *, fresh: bool
) -> None:
    values = {"since": miss.since, "misses": miss.misses + 1} if miss and fresh else {}
    Miss.objects.update_or_create(
        holder_id=request.user.id,
        defaults=values or {"since": now, "misses": 1},
        create_defaults={
            "tenant_id": request.gym.id,
            "holder_id": request.user.id,
            "since": now,
            "misses": 1,
        },
    )


def _take(
    request: Request, row: Pass, session: TrainingSession | None, client_id: UUID | None
) -> None:
    """Takes a use of a pass that is locked, and writes it down."""
    if row.client_id is not None:
        require_reach(request.user, row.client_id)
    moment = utc_now() if session is None else session.starts_at
    zone = zone_of(request.gym)
    passes.refuse_unfit(row, moment, zone)
    if row.allowance_per is not None:
        _refuse_beyond_allowance(row, moment, request)
    changes = dict(passes.take_one(row, moment, zone))
    holder = _holder(request, row, session, client_id)
    if row.remaining is not None and holder != row.client_id:
        changes["client_id"] = holder
    before = {name: getattr(row, name) for name in changes}
    cause, told = cause_of(request), []
    if changes:
        for name, value in changes.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = utc_now()
        row.save(update_fields=[*changes, "version", "updated_at"])
        told = [
            audit.entry(
                cause, "passes.pass.update", row.id, before=before, after=changes
            )
        ]
    used = {
        "pass_id": row.id,
        "kind": "use",
        "uses": -1,
        "balance": row.remaining,
        "session_id": None if session is None else session.id,
        "counts_at": moment,
        "created_at": utc_now(),
    }
    entry = LedgerEntry.objects.create(tenant_id=cause.tenant_id, **used)
    told.append(audit.entry(cause, "passes.ledger.create", entry.id, after=used))
    AuditEntry.objects.bulk_create([AuditEntry(**one) for one in told])


def _holder(
    request: Request, row: Pass, session: TrainingSession | None, client_id: UUID | None
) -> UUID | None:
    """Who holds the pass from now on; None where nobody does."""
    of_session = None if session is None else session.client_id
    named = {one for one in (row.client_id, of_session, client_id) if one}
    if len(named) > 1:
        raise errors.SessionUnfit("The pass, the session and the client do not match.")
    if named:
        return named.pop()
    user = request.user
    is_client = user.role == roles.OWN_ROWS
    return user.id if is_client and _is_client(user.id) else None


def _is_client(user_id: UUID) -> bool:
    return Client.objects.filter(id=user_id).exists()


def _refuse_beyond_allowance(row: Pass, moment: datetime, request: Request) -> None:
    since, until = passes.period_around(moment, row.allowance_per, zone_of(request.gym))
    taken: dict[str, Any] = LedgerEntry.objects.filter(
        pass_id=row.id,
        kind__in=("use", "return"),
        counts_at__gte=since,
        counts_at__lt=until,
    ).aggregate(uses=Sum("uses"))
    if (row.allowance or 0) + (taken["uses"] or 0) <= 0:
        raise errors.AllowanceUsed
