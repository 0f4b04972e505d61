"""Wire shapes of members."""

from collections.abc import Mapping
from typing import Any

from marshmallow import post_load

from core.sdk.http import (
    Group,
    Line,
    Moment,
    PageQuery,
    RuleBroken,
    Schema,
    Sort,
    Text,
    ValidationError,
    fields,
    validate,
    validates_schema,
)
from plugins.members.domain import ClientStatus

E164 = r"^\+[1-9]\d{6,14}$"
_STATUS = validate.OneOf([status.value for status in ClientStatus])
_MAX_SETTINGS = 50
_MAX_CHOICES = 20
_MAX_WORDS = 500
_WORDS = {"type": "string", "maxLength": _MAX_WORDS}
_PLAIN = [
    {"type": ["boolean", "number"]},
    _WORDS,
    {"type": "array", "maxItems": _MAX_CHOICES, "items": _WORDS},
]
"""What ``_plain`` accepts, as JSON Schema."""


def _plain(value: object) -> None:
    """Holds a preference to a switch, a number, a short text or a list of texts."""
    if isinstance(value, str):
        fine = len(value) <= _MAX_WORDS
    elif isinstance(value, list):
        fine = len(value) <= _MAX_CHOICES and all(
            isinstance(item, str) and len(item) <= _MAX_WORDS for item in value
        )
    else:
        fine = isinstance(value, bool | int | float)
    if not fine:
        raise ValidationError(
            "Give true or false, a number, a text of up to "
            f"{_MAX_WORDS} characters or a list of up to {_MAX_CHOICES} texts."
        )


class MembersDemographics(Schema):
    """What stays as it was first entered."""

    date_of_birth = fields.Date(allow_none=True)
    gender = Text(maximum=30, allow_none=True)


class MembersTermsAcceptance(Schema):
    """The terms and conditions that are accepted now."""

    terms_version = Text(data_key="version", minimum=1, maximum=50, required=True)


class MembersTermsAccepted(Schema):
    """The terms and conditions last accepted; both null before that."""

    terms_version = Text(data_key="version", allow_none=True)
    terms_accepted_at = Moment(data_key="acceptedAt", allow_none=True)


class MembersEmergencyContact(Schema):
    """Whom to call when something happens to the client."""

    name = Line(maximum=200, required=True)
    phone = Text(
        pattern=E164, required=True, metadata={"description": "In E.164: +4930123456."}
    )
    relation = Line(maximum=100, blank=True, load_default="")


class _ClientProfile(Schema):
    demographics = Group(MembersDemographics)
    emergency_contact = fields.Nested(MembersEmergencyContact, allow_none=True)
    goals = fields.List(Text(minimum=1, maximum=500), validate=validate.Length(max=50))
    preferences = fields.Dict(
        keys=Text(minimum=1, maximum=50),
        values=fields.Raw(validate=_plain, metadata={"anyOf": _PLAIN}),
        validate=validate.Length(max=_MAX_SETTINGS),
        metadata={
            "description": "Replaced as a whole.",
            "maxProperties": _MAX_SETTINGS,
        },
    )
    tags = fields.List(Line(maximum=50), validate=validate.Length(max=50))
    terms_acceptance = Group(MembersTermsAcceptance)
    status = fields.String(validate=_STATUS)

    @post_load
    def _flatten(self, data: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        flat = dict(data)
        for group in ("demographics", "terms_acceptance"):
            flat |= flat.pop(group, {})
        return flat


class _Account(Schema):
    user_id = fields.UUID(
        metadata={"description": "An account that is there; else give email and name."}
    )
    email = fields.Email(validate=validate.Length(max=254))
    name = Line(maximum=200)
    phone = Text(pattern=E164)
    password = Text(
        maximum=200,
        load_only=True,
        metadata={"description": "Without one the user is invited to set it."},
    )

    @validates_schema
    def _one_way(self, data: Mapping[str, Any], **_options: Any) -> None:
        if "user_id" in data:
            extra = {"email", "name", "phone", "password"} & set(data)
            if extra:
                raise RuleBroken("Leave this out with userId.", min(extra))
            return
        for needed in ("email", "name"):
            if needed not in data:
                raise RuleBroken("Give this, or userId.", needed)


class MembersClientNew(_Account, _ClientProfile):
    """A client to add."""


class MembersClientChange(_ClientProfile):
    """What to change of a client; what is left out stays."""


class MembersClient(_ClientProfile):
    """A client."""

    terms_acceptance = Group(MembersTermsAccepted)
    id = fields.UUID()
    user_id = fields.UUID()
    name = Text()
    email = Text()
    phone = Text(allow_none=True)
    account_status = Text(metadata={"description": "invited, active or disabled"})
    status_since = Moment()
    assigned_coach_id = fields.UUID(allow_none=True)
    version = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


class MembersClientQuery(PageQuery):
    """Filters of the list of clients."""

    sort = Sort("created_at", "name", "status", default="createdAt:desc")
    status = fields.String(validate=_STATUS)
    coach_id = fields.UUID()
    tag = Text(minimum=1, maximum=50)
    q = Text(
        minimum=1,
        maximum=100,
        metadata={"description": "Part of the name or e-mail address."},
    )


class MembersCertification(Schema):
    """Something a coach is certified in."""

    title = Line(maximum=200, required=True)
    issuer = Line(maximum=200, required=True)
    year = fields.Integer(required=True, validate=validate.Range(min=1900, max=2100))


class _CoachProfile(Schema):
    specialties = fields.List(Line(maximum=100), validate=validate.Length(max=50))
    bio = Text(maximum=5_000)
    certifications = fields.List(
        fields.Nested(MembersCertification), validate=validate.Length(max=50)
    )


class MembersCoachNew(_Account, _CoachProfile):
    """A coach to add."""


class MembersCoachChange(_CoachProfile):
    """What to change of a coach; what is left out stays."""


class MembersCoach(_CoachProfile):
    """A coach, as those who book see them."""

    id = fields.UUID()
    user_id = fields.UUID()
    name = Text()
    account_status = Text(metadata={"description": "invited, active or disabled"})
    version = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


class MembersCoachQuery(PageQuery):
    """Filters of the list of coaches."""

    sort = Sort("created_at", "name", default="name")
    specialty = Text(minimum=1, maximum=100)
    q = Text(
        minimum=1, maximum=100, metadata={"description": "Part of the coach's name."}
    )


class MembersAssign(Schema):
    """Which coach a client gets."""

    client_id = fields.UUID(required=True)
    coach_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "null takes the client's coach away."},
    )
    expected_coach_id = fields.UUID(
        allow_none=True,
        metadata={
            "description": "The coach you saw, null for none; left out, the last "
            "caller wins."
        },
    )


class MembersAssignment(Schema):
    """A stretch of time in which a coach had a client."""

    id = fields.UUID()
    client_id = fields.UUID()
    coach_id = fields.UUID()
    coach_name = Text()
    assigned_by = fields.UUID(allow_none=True)
    started_at = Moment()
    ended_at = Moment(allow_none=True)


class MembersAssignmentQuery(PageQuery):
    """Order of a client's assignments."""

    sort = Sort("started_at", default="startedAt:desc")


class MembersRecord(Schema):
    """Everything the gym's features know about one client."""

    profile = fields.Nested(MembersClient)
    coach = fields.Nested(MembersCoach, allow_none=True)
    parts = fields.Dict(
        keys=Text(),
        metadata={"description": "One entry for each part; absent where it is off."},
    )


class MembersGender(Schema):
    """A gender with its words."""

    code = Text()
    descriptions = fields.Dict(
        keys=Text(), values=Text(), metadata={"description": "By language code."}
    )
