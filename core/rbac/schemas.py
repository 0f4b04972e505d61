"""Wire shapes of roles and permissions."""

from marshmallow import fields, validate

from core.access import RowScope
from core.http.schema import Line, Schema, Text

_SCOPES = [scope.value for scope in RowScope]


class PermissionOut(Schema):
    name = fields.String(required=True)
    summary = fields.String(required=True)
    roles = fields.Function(
        lambda permission: sorted(role.value for role in permission.roles),
        metadata={
            "type": "array",
            "items": {"type": "string"},
            "description": "The built-in roles that hold it by default.",
        },
    )
    people_only = fields.Boolean(
        required=True, metadata={"description": "No API key is ever given it."}
    )


class PermissionGroupOut(Schema):
    plugin = fields.String(
        required=True, metadata={"description": "Its id, or `core`."}
    )
    permissions = fields.List(fields.Nested(PermissionOut), required=True)


class RoleOut(Schema):
    name = fields.String(required=True)
    title = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)
    scope = fields.String(required=True, validate=validate.OneOf(_SCOPES))
    built_in = fields.Boolean(required=True)
    version = fields.Integer(required=True)


class RoleBody(Schema):
    """All of the role: permissions that are left out are taken away."""

    title = Line(maximum=80)
    permissions = fields.List(
        Text(minimum=1, maximum=120), required=True, validate=validate.Length(max=1000)
    )
    scope = fields.Enum(RowScope, by_value=True)
