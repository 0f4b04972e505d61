"""Wire shapes of registration, passwords and contacts."""

from marshmallow import fields, validate

from core.auth.emails import MAX_EMAIL
from core.auth.models import UserStatus
from core.auth.passwords import MAX_PASSWORD
from core.auth.schemas import Email
from core.http.schema import Moment, Schema, Text

MAX_LINK_TOKEN = 200


def _password() -> Text:
    return Text(
        required=True, minimum=1, maximum=MAX_PASSWORD, metadata={"format": "password"}
    )


class RegisteredOut(Schema):
    """For staff, the new account; who signs up learns that a mail is on its way."""

    status = fields.String(
        required=True,
        validate=validate.OneOf([*(status.value for status in UserStatus), "pending"]),
        metadata={"description": "`pending` for everybody who signs up."},
    )
    id = fields.UUID()
    email = fields.String()
    username = fields.String(allow_none=True)
    name = fields.String()
    phone = fields.String(allow_none=True)
    role = fields.String()
    locale = fields.String(allow_none=True)
    alias = fields.String(allow_none=True)
    avatar_url = fields.String(allow_none=True)
    created_at = Moment()
    updated_at = Moment()
    version = fields.Integer()


class StatusOut(Schema):
    status = fields.String(required=True)


class ChangedOut(StatusOut):
    device_token = fields.String(
        metadata={"description": "In bearer mode: for `X-Device` at the next log-in."}
    )


class VerifyQuery(Schema):
    token = Text(required=True, minimum=1, maximum=MAX_LINK_TOKEN)


class ResendBody(Schema):
    email = Email(required=True)


class ForgotBody(Schema):
    """``login`` is an e-mail address or a user name; ``email`` says the same."""

    login = Text(minimum=1, maximum=MAX_EMAIL)
    email = Text(minimum=1, maximum=MAX_EMAIL)


class ResetBody(Schema):
    token = Text(required=True, minimum=1, maximum=MAX_LINK_TOKEN)
    new_password = _password()


class ChangeBody(Schema):
    current_password = _password()
    new_password = _password()


class ContactBody(Schema):
    type = Text(required=True, minimum=1, maximum=20)
    value = Text(required=True, minimum=3, maximum=MAX_EMAIL)


class ContactPatch(Schema):
    is_primary = fields.Boolean()
    is_recovery = fields.Boolean()


class ContactOut(Schema):
    id = fields.UUID(required=True)
    type = fields.String(required=True)
    value = fields.String(required=True)
    is_primary = fields.Boolean(required=True)
    is_recovery = fields.Boolean(required=True)
    is_verified = fields.Boolean(required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)
    version = fields.Integer(required=True)


class ContactMark(Schema):
    is_verified = fields.Boolean(required=True)
