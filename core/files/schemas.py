"""Wire shapes of the file routes."""

from marshmallow import fields, validate

from core.files.models import FileStatus
from core.files.names import MAX_NAME
from core.files.repository import SORTS
from core.http.schema import Line, Moment, PageQuery, Schema, Sort, Text

_STATUSES = [status.value for status in FileStatus]
_MEDIA_TYPE = "^[a-z0-9]+/[a-z0-9][a-z0-9.+-]*$"
_SHA256 = "^[0-9a-f]{64}$"
_LARGEST = 5 * 1024**3


class SignIn(Schema):
    """A file that somebody wants to upload."""

    purpose = Text(
        required=True,
        minimum=1,
        maximum=64,
        metadata={"description": "What the file is for.", "example": "avatar"},
    )
    name = Line(
        required=True,
        maximum=MAX_NAME,
        metadata={"description": "Shown to people.", "example": "me.jpg"},
    )
    media_type = Text(
        required=True,
        maximum=127,
        pattern=_MEDIA_TYPE,
        metadata={"example": "image/jpeg"},
    )
    size_bytes = fields.Integer(
        required=True,
        validate=validate.Range(min=1, max=_LARGEST),
        metadata={"description": "Its exact length.", "example": 48213},
    )
    sha256 = Text(
        maximum=64,
        pattern=_SHA256,
        metadata={
            "description": "Of the content, in hexadecimal; it is held to it.",
            "example": "9f86d081884c7d65" * 4,
        },
    )


class UploadOut(Schema):
    """Where and how to send the content."""

    method = Text(required=True, metadata={"example": "PUT"})
    url = fields.URL(required=True)
    headers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={
            "description": "Send these headers.",
            "example": {"Content-Type": "image/jpeg"},
        },
    )
    expires_at = Moment(required=True)


class SignedOut(Schema):
    """The file's id, and where its content goes."""

    id = fields.UUID(required=True)
    upload = fields.Nested(UploadOut, required=True)


class CompleteIn(Schema):
    """Which upload is complete."""

    id = fields.UUID(required=True)


class FileRow(Schema):
    """A file, without its address."""

    id = fields.UUID(required=True)
    user_id = fields.UUID(required=True, metadata={"description": "Who uploaded it."})
    purpose = Text(required=True, metadata={"example": "avatar"})
    name = Text(required=True, metadata={"example": "me.jpg"})
    media_type = Text(required=True, metadata={"example": "image/jpeg"})
    size_bytes = fields.Integer(required=True, metadata={"example": 48213})
    sha256 = Text(required=True, allow_none=True, pattern=_SHA256)
    status = Text(required=True, validate=validate.OneOf(_STATUSES))
    reason = Text(
        required=True,
        allow_none=True,
        metadata={"description": "Why it was refused.", "example": None},
    )
    created_at = Moment(required=True)
    completed_at = Moment(required=True, allow_none=True)


class FileOut(FileRow):
    """A file, with an address that expires."""

    url = fields.URL(
        required=True,
        allow_none=True,
        metadata={"description": "Where it can be read; null while it is not ready."},
    )
    expires_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "Until when `url` is good."},
    )


class FileQuery(PageQuery):
    """Which files to list."""

    purpose = Text(maximum=64)
    status = Text(maximum=16, validate=validate.OneOf(_STATUSES))
    user_id = fields.UUID(metadata={"description": "Who uploaded them."})
    sort = Sort(*SORTS, default="createdAt:desc")
