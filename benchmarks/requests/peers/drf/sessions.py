"""Routes of sessions."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from benchmarks.requests.peers.common import errors, roles
from benchmarks.requests.peers.common.hours import moment_of
from benchmarks.requests.peers.drf import booking
from benchmarks.requests.peers.drf.access import TenantMixin, cause_of, zone_of
from benchmarks.requests.peers.drf.http import success
from benchmarks.requests.peers.drf.idempotency import idempotent
from benchmarks.requests.peers.drf.models import SessionQuerySet, TrainingSession
from benchmarks.requests.peers.drf.paging import EnvelopedPages
from benchmarks.requests.peers.drf.serializers import (
    NewSession,
    SessionChanges,
    SessionSerializer,
    SessionsQuery,
    read_query,
)

_ETAG = re.compile(r'^"(\d{1,18})"$')
_SORTS = {"startsAt": "starts_at", "createdAt": "created_at"}


class SessionViewSet(TenantMixin, GenericViewSet[TrainingSession]):
    """Sessions within the caller's reach."""

    queryset = TrainingSession.objects.all()
    serializer_class = SessionSerializer
    pagination_class = EnvelopedPages
    lookup_value_converter = "uuid"
    permissions_by_action = {
        "list": roles.SESSIONS_READ,
        "retrieve": roles.SESSIONS_READ,
        "create": roles.SESSIONS_CREATE,
        "partial_update": roles.SESSIONS_UPDATE,
    }

    def get_queryset(self) -> SessionQuerySet:
        found: SessionQuerySet = super().get_queryset()
        return found.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        asked = read_query(request, SessionsQuery)
        sort, _, direction = asked["sort"].partition(":")
        order = "-" if direction else ""
        found = (
            self.get_queryset()
            .filter(**_conditions(asked, request))
            .order_by(order + _SORTS[sort], "id")
        )
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return self._told(request, self._get(pk))

    @idempotent
    def create(self, request: Request) -> Response:
        body = NewSession(data=request.data)
        body.is_valid(raise_exception=True)
        row = booking.book(
            request.user, cause_of(request), zone_of(request.gym), body.validated_data
        )
        return success(request, self.get_serializer(row).data, status=201)

    def partial_update(self, request: Request, pk: UUID) -> HttpResponse:
        body = SessionChanges(data=request.data)
        body.is_valid(raise_exception=True)
        row = self._get(pk, lock=True)
        expected = _if_match(request)
        if expected is not None and expected != row.version:
            raise errors.PreconditionFailed(details={"currentVersion": row.version})
        booking.change(
            request.user,
            cause_of(request),
            zone_of(request.gym),
            row,
            body.validated_data,
        )
        return self._told(request, row)

    def _get(self, pk: UUID, *, lock: bool = False) -> TrainingSession:
        found = TrainingSession.objects.filter(id=pk)
        if lock:
            found = found.select_for_update()
        row = found.first()
        if row is None:
            raise errors.SessionMissing
        if row.coach_id != self.request.user.id:
            booking.require_reach(self.request.user, row.client_id)
        return row

    def _told(self, request: Request, row: TrainingSession) -> Response:
        response = success(request, self.get_serializer(row).data)
        response.headers["ETag"] = f'"{row.version}"'
        return response


def _conditions(asked: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The query as conditions; both dates count in full, in the gym's zone."""
    zone = zone_of(request.gym)
    names = ("coach_id", "client_id", "status")
    wanted = {name: asked[name] for name in names if name in asked}
    if "date_from" in asked:
        wanted["starts_at__gte"] = moment_of(asked["date_from"], 0, zone)
    if "date_to" in asked:
        after = asked["date_to"] + timedelta(days=1)
        wanted["starts_at__lt"] = moment_of(after, 0, zone)
    return wanted


def _if_match(request: Request) -> int | None:
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    match = _ETAG.match(header)
    if match is None:
        raise errors.ValidationFailed("If-Match takes one ETag as it was given.")
    return int(match.group(1))
