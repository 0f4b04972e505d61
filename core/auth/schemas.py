"""Wire shapes of accounts, log-ins and tokens."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate
from typing_extensions import override

from core.auth.emails import MAX_EMAIL, normal_email, normal_phone
from core.auth.models import UserStatus
from core.auth.passwords import MAX_PASSWORD
from core.auth.tokens import MAX_TOKEN
from core.auth.totp.schemas import MAX_CODE
from core.http.schema import Line, Moment, PageQuery, RuleBroken, Schema, Sort, Text

USERNAME = r"\A[A-Za-z0-9][A-Za-z0-9._-]{2,31}\Z"
LOCALE = r"\A[a-z]{2}(?:-[A-Z]{2})?\Z"
ROLE = r"\A[a-z][a-z0-9_-]{1,39}\Z"
PHONE = r"^\+[0-9 ()./-]{5,31}$"
WEB = r"^https?://[!-~]+$"
MAX_NAME = 120
MAX_URL = 2000
MAX_WEIGHT = 1500
BEARER = "bearer"
COOKIE = "cookie"

_URL = validate.URL(schemes={"https", "http"})


class _Normal(Text):
    """Text that is brought into its one form on the way in.

    Attributes:
        rule: Gives that form, or raises ``ValueError``.
        form: What is malformed rather than against the rule does not match it.
    """

    rule: Callable[[str], str]
    form: re.Pattern[str]

    @override
    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return type(self).rule(str(text))
        except ValueError as error:
            if self.form.search(str(text)) is None:
                raise ValidationError(str(error)) from error
            raise RuleBroken(str(error)) from error


class Email(_Normal):
    """An e-mail address."""

    rule = staticmethod(normal_email)
    form = re.compile(r"^.+@.+$", re.DOTALL)

    def __init__(self, **kwargs: Any) -> None:
        described = {"format": "email", "example": "ada@example.com"}
        super().__init__(maximum=MAX_EMAIL, metadata=described, **kwargs)


class Phone(_Normal):
    """A phone number with its country code, stored in E.164."""

    rule = staticmethod(normal_phone)
    form = re.compile(PHONE)

    def __init__(self, **kwargs: Any) -> None:
        described = {"example": "+4930123456"}
        super().__init__(maximum=32, pattern=PHONE, metadata=described, **kwargs)


class WebAddress(Text):
    """An http or https URL."""

    def __init__(self, **kwargs: Any) -> None:
        described = {"format": "uri", "example": "https://example.com/ada.png"}
        super().__init__(
            maximum=MAX_URL,
            pattern=WEB,
            validate=_web_address,
            metadata=described,
            **kwargs,
        )


def _web_address(text: str) -> None:
    """Refuses what has the look of a URL and leads nowhere.

    Raises:
        RuleBroken: Its host is none.
    """
    try:
        _URL(text)
    except ValidationError as error:
        raise RuleBroken("Not a valid URL.") from error


def _password(**kwargs: Any) -> Text:
    return Text(
        minimum=1, maximum=MAX_PASSWORD, metadata={"format": "password"}, **kwargs
    )


class LoginBody(Schema):
    """``login`` is an e-mail address or a user name; ``email`` says the same."""

    login = Text(minimum=1, maximum=MAX_EMAIL)
    email = Text(minimum=1, maximum=MAX_EMAIL)
    password = _password(required=True)
    totp = Text(
        minimum=1,
        maximum=MAX_CODE,
        metadata={"description": "Code of the authenticator app, or a recovery code."},
    )
    mode = fields.String(load_default=BEARER, validate=validate.OneOf([BEARER, COOKIE]))


class RefreshBody(Schema):
    """Without ``refreshToken``, the cookie holds the token."""

    # Ours are far shorter; one of another kind is refused as a token, not as text.
    refresh_token = Text(minimum=1, maximum=MAX_TOKEN)
    mode = fields.String(validate=validate.OneOf([BEARER, COOKIE]))


class UserOut(Schema):
    id = fields.UUID(required=True)
    email = fields.String(required=True)
    username = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    role = fields.String(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf([status.value for status in UserStatus])
    )
    locale = fields.String(required=True, allow_none=True)
    alias = fields.String(required=True, allow_none=True)
    avatar_url = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)
    version = fields.Integer(required=True)


class TokensOut(Schema):
    """In cookie mode the tokens are in cookies alone."""

    access_token = fields.String()
    refresh_token = fields.String()
    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds the access token is good for."}
    )
    device_token = fields.String(
        metadata={
            "description": "Answers to a log-in: keep it on this device and send it "
            "with the next log-in as `X-Device`."
        }
    )
    user = fields.Nested(UserOut, required=True)


class SessionOut(Schema):
    id = fields.UUID(required=True)
    created_at = Moment(required=True)
    last_used_at = Moment(required=True)
    expires_at = Moment(required=True)
    address = fields.String(required=True, allow_none=True)
    user_agent = fields.String(required=True, allow_none=True)
    current = fields.Boolean(required=True)


class RegisterBody(Schema):
    """Staff: without a password the person is invited and sets one.

    Who signs up without a token gives a password, and becomes a client.
    """

    email = Email(required=True)
    name = Line(required=True, maximum=MAX_NAME)
    role = Text(
        maximum=40,
        pattern=ROLE,
        metadata={"description": "Staff must say it; nobody else may choose it."},
    )
    phone = Phone(allow_none=True)
    password = _password()
    username = Text(maximum=32, pattern=USERNAME, allow_none=True)
    locale = Text(maximum=5, pattern=LOCALE, allow_none=True)


class UserQuery(PageQuery):
    sort = Sort("name", "email", "role", "created_at", default="name")
    role = Text(maximum=40)
    status = fields.String(
        validate=validate.OneOf([status.value for status in UserStatus])
    )
    q = Text(minimum=1, maximum=100)


class UserPatch(Schema):
    name = Line(maximum=MAX_NAME)
    phone = Phone(allow_none=True)
    username = Text(maximum=32, pattern=USERNAME, allow_none=True)
    locale = Text(maximum=5, pattern=LOCALE, allow_none=True)
    role = Text(maximum=40, pattern=ROLE)
    status = fields.String(
        validate=validate.OneOf([UserStatus.ACTIVE.value, UserStatus.DISABLED.value])
    )


class MePatch(Schema):
    name = Line(maximum=MAX_NAME)
    phone = Phone(allow_none=True)
    username = Text(maximum=32, pattern=USERNAME, allow_none=True)
    locale = Text(maximum=5, pattern=LOCALE, allow_none=True)
    alias = Line(maximum=60, allow_none=True)
    avatar_url = WebAddress(allow_none=True)
    fitness_level = Text(maximum=40, allow_none=True)
    training_frequency = Text(maximum=40, allow_none=True)
    weight = fields.Float(
        validate=validate.Range(min=0.01, max=MAX_WEIGHT),
        allow_none=True,
        metadata={"description": "In `unit`."},
    )
    unit = fields.String(validate=validate.OneOf(["kg", "lb"]), allow_none=True)


class MeOut(UserOut):
    fitness_level = fields.String(required=True, allow_none=True)
    training_frequency = fields.String(required=True, allow_none=True)
    weight = fields.Float(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    permissions = fields.List(fields.String(), required=True)
