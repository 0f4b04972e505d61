"""Wire shapes of the privacy routes."""

from marshmallow import fields, validate

from core.http.schema import Moment, PageQuery, Schema, Sort, Text
from core.privacy.models import RequestKind, RequestStatus
from core.privacy.repository import requests

_KINDS = [kind.value for kind in RequestKind]
_STATUSES = [status.value for status in RequestStatus]
_WHOSE = {"description": "Whose data; one's own when left out."}


class ExportBody(Schema):
    """Whose data to export."""

    user_id = fields.UUID(metadata=_WHOSE)


class EraseBody(Schema):
    """Whom to erase."""

    user_id = fields.UUID(metadata=_WHOSE)
    password = Text(
        minimum=1,
        maximum=1024,
        metadata={
            "description": "One's own; not needed within 15 minutes of a log-in, nor "
            "for somebody else."
        },
    )


class RequestQuery(PageQuery):
    """Which requests to list."""

    kind = Text(maximum=16, validate=validate.OneOf(_KINDS))
    status = Text(maximum=16, validate=validate.OneOf(_STATUSES))
    user_id = fields.UUID(metadata={"description": "Only those about this person."})
    sort = Sort(*requests.sorts, default="createdAt:desc")


class ReportLine(Schema):
    """What an erasure did in one place."""

    part = Text(required=True, metadata={"description": "A plugin, core or files."})
    table = Text()
    column = Text(metadata={"description": "By which the person was named."})
    rows = fields.Integer()
    fate = Text(validate=validate.OneOf(["deleted", "anonymised", "kept"]))
    reason = Text(metadata={"description": "Why rows are kept."})
    note = Text(metadata={"description": "What the plugin settled besides."})


class RequestOut(Schema):
    """A request about a person's data."""

    id = fields.UUID(required=True)
    kind = Text(required=True, validate=validate.OneOf(_KINDS))
    status = Text(required=True, validate=validate.OneOf(_STATUSES))
    user_id = fields.UUID(required=True, attribute="person_id")
    requested_by = fields.UUID(required=True, allow_none=True)
    created_at = Moment(required=True)
    run_at = Moment(
        required=True, metadata={"description": "It does not begin before this."}
    )
    finished_at = Moment(required=True, allow_none=True)
    error = Text(required=True, allow_none=True)
    size_bytes = fields.Integer(required=True, allow_none=True)
    expires_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "Until when the archive can be downloaded."},
    )
    report = fields.List(fields.Nested(ReportLine), required=True)
