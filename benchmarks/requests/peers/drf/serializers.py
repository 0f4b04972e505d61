"""Wire shapes."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from benchmarks.requests.peers.common.errors import ValidationFailed
from benchmarks.requests.peers.common.http import MAX_LIMIT, MAX_PAGE
from benchmarks.requests.peers.common.names import camel_case

STATUSES = ("scheduled", "completed", "canceled", "no_show")


class CamelSerializer(serializers.Serializer[Any]):
    """Fields are in camelCase on the wire, in snake_case in Python."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        renamed = {}
        for name, field in super().get_fields().items():
            wire = camel_case(name)
            if wire != name and field.source is None:
                field.source = name
            renamed[wire] = field
        return renamed


class GivenSerializer(CamelSerializer):
    """What a caller sends; unknown fields are refused."""

    def to_internal_value(self, data: Any) -> Any:
        unknown: dict[str, list[str]] = {}
        if isinstance(data, Mapping):
            unknown = {name: ["Unknown field."] for name in data.keys() - self.fields}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **unknown}) from error
        if unknown:
            raise serializers.ValidationError(unknown)
        return value


class PageQuery(GivenSerializer):
    """The query of a list."""

    page = serializers.IntegerField(default=1, min_value=1, max_value=MAX_PAGE)
    limit = serializers.IntegerField(default=20, min_value=1, max_value=MAX_LIMIT)


class SessionSerializer(CamelSerializer):
    id = serializers.UUIDField()
    client_id = serializers.UUIDField()
    coach_id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    status = serializers.CharField()
    location = serializers.CharField()
    notes = serializers.CharField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SessionChanges(GivenSerializer):
    """What to change of a session; what is not named stays."""

    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    location = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=200
    )
    notes = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=4000
    )
    ignore_availability = serializers.BooleanField(required=False)


class NewSession(SessionChanges):
    client_id = serializers.UUIDField()
    coach_id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class SessionsQuery(PageQuery):
    coach_id = serializers.UUIDField(required=False)
    client_id = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(STATUSES, required=False)
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    sort = serializers.ChoiceField(
        ("startsAt", "startsAt:desc", "createdAt", "createdAt:desc"),
        default="startsAt",
    )


class LoginBody(GivenSerializer):
    login = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=256, trim_whitespace=False)


class UserSerializer(CamelSerializer):
    id = serializers.UUIDField()
    email = serializers.CharField()
    username = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField()
    role = serializers.CharField()
    status = serializers.CharField()
    locale = serializers.CharField()
    alias = serializers.CharField()
    avatar_url = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class RedemptionBody(GivenSerializer):
    code = serializers.CharField(max_length=64)
    session_id = serializers.UUIDField(required=False)
    client_id = serializers.UUIDField(required=False)


class PassSerializer(CamelSerializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    client_id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    batch_id = serializers.UUIDField()
    remaining = serializers.IntegerField()
    allowance = serializers.IntegerField()
    allowance_per = serializers.CharField()
    starts_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    valid_days = serializers.IntegerField()
    renews = serializers.BooleanField()
    paused_from = serializers.DateField()
    paused_until = serializers.DateField()
    blocked = serializers.BooleanField()
    blocked_reason = serializers.CharField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AuditsQuery(PageQuery):
    entity = serializers.CharField(required=False, max_length=100)
    entity_id = serializers.CharField(required=False, max_length=100)
    user_id = serializers.UUIDField(required=False)
    action = serializers.CharField(required=False, max_length=100)
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    cursor = serializers.CharField(required=False, max_length=1000)


class AuditSerializer(CamelSerializer):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    user_id = serializers.UUIDField()
    actor_kind = serializers.CharField()
    action = serializers.CharField()
    entity = serializers.CharField()
    entity_id = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    trace_id = serializers.CharField()
    address = serializers.CharField()


def read_query(request: Request, shape: type[CamelSerializer]) -> dict[str, Any]:
    """Reads the query string.

    Raises:
        ValidationFailed: A parameter is malformed.
    """
    query = shape(data=request.query_params)
    if not query.is_valid():
        raise ValidationFailed(details={"query": query.errors})
    asked: dict[str, Any] = query.validated_data
    return asked
