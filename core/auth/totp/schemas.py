"""Wire shapes of the second factor."""

from marshmallow import fields

from core.auth.passwords import MAX_PASSWORD
from core.http.schema import Moment, Schema, Text

MAX_CODE = 40
"""Characters; a recovery code has 19 and people add spaces."""


class TotpSetupOut(Schema):
    secret = fields.String(
        required=True, metadata={"description": "Base32, to be typed by hand."}
    )
    otpauth_uri = fields.String(required=True)
    qr_svg = fields.String(
        required=True,
        metadata={"description": "The address as a QR code: one `<svg>` element."},
    )


class TotpCodeBody(Schema):
    code = Text(required=True, minimum=1, maximum=MAX_CODE)


class PasswordAgainBody(Schema):
    password = Text(
        required=True,
        minimum=1,
        maximum=MAX_PASSWORD,
        metadata={"format": "password"},
    )


class RecoveryCodesOut(Schema):
    recovery_codes = fields.List(fields.String(), required=True)


class TotpStatusOut(Schema):
    enabled = fields.Boolean(required=True)
    required = fields.Boolean(
        required=True,
        metadata={"description": "Whether the gym asks it of the caller's role."},
    )
    confirmed_at = Moment(required=True, allow_none=True)
    recovery_codes_left = fields.Integer(required=True)
