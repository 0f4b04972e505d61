"""Reading the audit log."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from benchmarks.requests.peers.common import audit, http, roles
from benchmarks.requests.peers.common.hours import moment_of
from benchmarks.requests.peers.drf.access import TenantMixin, zone_of
from benchmarks.requests.peers.drf.http import success
from benchmarks.requests.peers.drf.models import AuditEntry, PersonKey
from benchmarks.requests.peers.drf.paging import EnvelopedPages
from benchmarks.requests.peers.drf.serializers import (
    AuditSerializer,
    AuditsQuery,
    read_query,
)

_EQUAL = ("entity", "entity_id", "user_id", "action")


class AuditPages(EnvelopedPages):
    """By page, newest first, or on from a cursor at the same cost at any depth."""

    def paginate_queryset(
        self, queryset: QuerySet[AuditEntry], request: Request, view: Any = None
    ) -> list[AuditEntry]:
        cursor = request.query_params.get("cursor")
        self.by_cursor = cursor is not None
        if cursor is None:
            rows = super().paginate_queryset(queryset, request, view)
            self.has_more = self.page.has_next()
        else:
            self.request = request
            limit = self.limit = self.get_page_size(request)
            at, row_id = http.read_cursor(cursor)
            rest = queryset.filter(Q(at__lt=at) | Q(id__lt=row_id), at__lte=at)
            rows = list(rest[: limit + 1])
            self.has_more = len(rows) > limit
            rows = rows[:limit]
        self.last = rows[-1] if rows else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        follows = None
        if self.has_more and self.last is not None:
            follows = http.write_cursor(self.last.at, self.last.id)
        if self.by_cursor:
            told = {"limit": self.limit, "nextCursor": follows}
            return success(self.request, data, pagination=told)
        answer = super().get_paginated_response(data)
        if follows is not None:
            answer.data["meta"]["pagination"]["nextCursor"] = follows
        return answer


class AuditViewSet(TenantMixin, GenericViewSet[AuditEntry]):
    """The audit log."""

    queryset = AuditEntry.objects.order_by("-at", "-id")
    serializer_class = AuditSerializer
    pagination_class = AuditPages
    permissions_by_action = {"list": roles.AUDITS_READ}

    def list(self, request: Request) -> Response:
        wanted = _conditions(read_query(request, AuditsQuery), request)
        rows = self.paginate_queryset(self.get_queryset().filter(**wanted))
        shown = _opened(request.gym.id, rows)
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)


def _conditions(asked: Mapping[str, Any], request: Request) -> dict[str, Any]:
    zone = zone_of(request.gym)
    wanted = {name: asked[name] for name in _EQUAL if name in asked}
    if "date_from" in asked:
        wanted["at__gte"] = moment_of(asked["date_from"], 0, zone)
    if "date_to" in asked:
        wanted["at__lt"] = moment_of(asked["date_to"] + timedelta(days=1), 0, zone)
    return wanted


def _opened(tenant_id: UUID, rows: Sequence[AuditEntry]) -> Sequence[AuditEntry]:
    """The entries with camelCase names, and with their sealed values open."""
    people = {row.person_id for row in rows if row.person_id is not None}
    keys: dict[UUID, bytes] = {}
    if people:
        known = PersonKey.objects.filter(id__in=people).exclude(wrapped=None)
        keys = {
            person: audit.unwrapped(tenant_id, person, bytes(wrapped))
            for person, wrapped in known.values_list("id", "wrapped")
        }
    for row in rows:
        key = keys.get(row.person_id)
        row.before = audit.shown(row.before, (tenant_id, row.id, "before"), key)
        row.after = audit.shown(row.after, (tenant_id, row.id, "after"), key)
    return rows
