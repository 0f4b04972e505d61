"""Wire shapes of API keys."""

from marshmallow import fields, validate

from core.access import RowScope
from core.auth.apikeys.repository import KeyStatus
from core.http.schema import Line, Moment, PageQuery, Schema, Sort, Text

_SCOPES = [RowScope.ALL, RowScope.GRANTED]


class ApiKeyBody(Schema):
    name = Line(required=True, maximum=80)
    permissions = fields.List(
        Text(minimum=1, maximum=120),
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"description": "At most what the caller holds."},
    )
    scope = fields.String(
        load_default=RowScope.ALL.value,
        validate=validate.OneOf([scope.value for scope in _SCOPES]),
    )
    client_ids = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"description": "With the scope `granted`: whom the key reaches."},
    )
    expires_at = Moment(
        metadata={"description": "At most two years ahead, as when left out."}
    )


class ApiKeyQuery(PageQuery):
    sort = Sort(
        "name", "created_at", "expires_at", "last_used_at", default="createdAt:desc"
    )
    status = fields.String(
        validate=validate.OneOf([status.value for status in KeyStatus]),
        metadata={"description": "Left out, all that are not revoked."},
    )


class ApiKeyOut(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    prefix = fields.String(
        required=True, metadata={"description": "How the key begins; no secret."}
    )
    permissions = fields.List(fields.String(), required=True)
    scope = fields.String(
        required=True, validate=validate.OneOf([scope.value for scope in _SCOPES])
    )
    client_ids = fields.List(fields.UUID(), required=True)
    status = fields.String(
        required=True, validate=validate.OneOf([status.value for status in KeyStatus])
    )
    created_by = fields.UUID(required=True, allow_none=True)
    created_at = Moment(required=True)
    expires_at = Moment(required=True)
    last_used_at = Moment(required=True, allow_none=True)
    revoked_at = Moment(required=True, allow_none=True)


class NewApiKeyOut(ApiKeyOut):
    key = fields.String(
        required=True, metadata={"description": "The whole key, shown this once."}
    )
