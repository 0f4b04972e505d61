"""Wire shapes of the audit log."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from marshmallow import fields, validate, validates_schema
from typing_extensions import override

from core.http.cursor import MAX_CURSOR
from core.http.openapi.examples import TRACE_ID, example_id
from core.http.schema import (
    Moment,
    PageQuery,
    RuleBroken,
    Schema,
    Sort,
    Text,
    camel_case,
)

_wire_name = lru_cache(maxsize=4096)(camel_case)
"""Few names, again and again: those of columns and of events' details."""


class Values(fields.Dict):
    """Column → value; the columns' names in camelCase."""

    @override
    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **kwargs: Any
    ) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            return None
        return {_wire_name(str(key)): item for key, item in value.items()}


class AuditQuery(PageQuery):
    """Which entries, by what and when; ``cursor`` reads on in time order."""

    entity = Text(maximum=100, metadata={"example": "members.client"})
    entity_id = Text(maximum=100)
    user_id = fields.UUID(
        metadata={"description": "Who did it: a user, or an API key."}
    )
    action = Text(maximum=100, metadata={"example": "auth.login"})
    date_from = fields.Date(
        metadata={"description": "First day, in the gym's time zone."}
    )
    date_to = fields.Date(metadata={"description": "Last day, in the gym's time zone."})
    sort = Sort("at", "action", "entity", default="at:desc")
    cursor = Text(
        maximum=MAX_CURSOR,
        metadata={
            "description": (
                "The nextCursor of the answer before; it keeps that answer's "
                "direction, and page is left out."
            ),
        },
    )

    @validates_schema
    def _one_way_to_go_on(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if data.get("cursor") is not None and data["page"] != 1:
            raise RuleBroken("Give either page or cursor.", "cursor")


class AuditEntryOut(Schema):
    """One entry of the audit log."""

    id = fields.UUID(required=True)
    at = Moment(required=True)
    user_id = fields.UUID(required=True, allow_none=True)
    actor_kind = fields.String(
        required=True,
        validate=validate.OneOf(["user", "api_key", "system", "operator", "anonymous"]),
    )
    action = fields.String(required=True, metadata={"example": "members.client.update"})
    entity = fields.String(
        required=True, allow_none=True, metadata={"example": "members.client"}
    )
    entity_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"example": str(example_id("entityId"))},
    )
    before = Values(
        required=True, allow_none=True, metadata={"example": {"status": "lead"}}
    )
    after = Values(
        required=True, allow_none=True, metadata={"example": {"status": "active"}}
    )
    trace_id = fields.String(
        required=True, allow_none=True, metadata={"example": TRACE_ID}
    )
    address = fields.String(
        required=True, allow_none=True, metadata={"example": "203.0.113.7"}
    )
