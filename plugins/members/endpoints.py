"""Routes of members."""

from typing import Any
from uuid import UUID

from core.sdk.base import (
    Forbidden,
    NotFound,
    Page,
    PlanLimit,
    PreconditionFailed,
    Unprocessable,
)
from core.sdk.http import Blueprint
from core.sdk.users import EmailTaken, PasswordTooWeak
from plugins.members import permissions, schemas
from plugins.members.errors import (
    CoachReassigned,
    IllegalStatus,
    Immutable,
    ImplausibleBirthDate,
    ProfileExists,
    UnavailableCoach,
    UnfitRole,
    UnknownGender,
)
from plugins.members.service import assignments, clients, coaches

blueprint = Blueprint(
    "members",
    prefix="/members",
    tag="Members",
    owner="members",
    description="Clients and coaches.",
)

_CLIENT_ID = "01890f3e-6b1c-7cc3-98c4-dc0c0c07398f"
_COACH_ID = "01890f3e-6b1c-7cc3-98c4-dc0c0c073990"
_COACH_EXAMPLE = {
    "id": _COACH_ID,
    "userId": _COACH_ID,
    "name": "Marcus Webb",
    "accountStatus": "active",
    "specialties": ["strength"],
    "bio": "Twelve years under the bar.",
    "certifications": [
        {"title": "Strength Coach", "issuer": "EuropeActive", "year": 2016}
    ],
    "version": 1,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
}
_CLIENT_EXAMPLE = {
    "id": _CLIENT_ID,
    "userId": _CLIENT_ID,
    "name": "Ava Adler",
    "email": "ava@iron-temple.example",
    "phone": "+12025550143",
    "accountStatus": "active",
    "status": "active",
    "statusSince": "2026-03-01T09:00:00Z",
    "demographics": {"dateOfBirth": "1994-05-17", "gender": "female"},
    "emergencyContact": {
        "name": "Ben Adler",
        "phone": "+12025550144",
        "relation": "brother",
    },
    "goals": ["First strict pull-up"],
    "preferences": {"reminders": True},
    "tags": ["morning"],
    "termsAcceptance": {"version": "1", "acceptedAt": "2026-03-01T09:00:00Z"},
    "assignedCoachId": _COACH_ID,
    "version": 3,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-02T10:00:00Z",
}


@blueprint.get(
    "/clients",
    summary="List clients",
    permission=permissions.CLIENTS_READ,
    query=schemas.MembersClientQuery,
    returns=schemas.MembersClient,
    paged=True,
    example=[_CLIENT_EXAMPLE],
)
def list_clients(query: dict[str, Any]) -> Page:
    """Staff see all, a coach or partner their own, a client themselves."""
    return clients.list_clients(**query)


@blueprint.post(
    "/clients",
    summary="Add a client",
    permission=permissions.CLIENTS_CREATE,
    body=schemas.MembersClientNew,
    returns=schemas.MembersClient,
    status=201,
    errors=(
        EmailTaken,
        PasswordTooWeak,
        PlanLimit,
        ProfileExists,
        NotFound,
        UnfitRole,
        ImplausibleBirthDate,
        UnknownGender,
        Unprocessable,
    ),
    request_example={"email": "ava@iron-temple.example", "name": "Ava Adler"},
    example=_CLIENT_EXAMPLE,
)
def create_client(body: dict[str, Any]) -> Any:
    """Creates the account too, invited where no password is given."""
    return clients.create_client(values=body)


@blueprint.get(
    "/clients/<uuid:client_id>",
    summary="Read a client",
    permission=permissions.CLIENTS_READ,
    returns=schemas.MembersClient,
    versioned=True,
    errors=(NotFound, Forbidden),
    example=_CLIENT_EXAMPLE,
)
def get_client(client_id: UUID) -> Any:
    """Answers 403 for a client of this gym who is out of the caller's reach."""
    return clients.get_client(client_id=client_id)


@blueprint.patch(
    "/clients/<uuid:client_id>",
    summary="Change a client",
    permission=permissions.CLIENTS_UPDATE,
    body=schemas.MembersClientChange,
    returns=schemas.MembersClient,
    versioned=True,
    errors=(
        NotFound,
        Forbidden,
        PreconditionFailed,
        Immutable,
        ImplausibleBirthDate,
        UnknownGender,
        IllegalStatus,
    ),
    request_example={"goals": ["First strict pull-up"]},
    example=_CLIENT_EXAMPLE,
)
def change_client(client_id: UUID, body: dict[str, Any], if_match: int | None) -> Any:
    """Date of birth and gender can be set once; the account changes in /users."""
    return clients.change_client(
        client_id=client_id, values=body, expected_version=if_match
    )


@blueprint.get(
    "/clients/<uuid:client_id>/record",
    summary="Read a client's record",
    permission=permissions.CLIENTS_READ,
    returns=schemas.MembersRecord,
    errors=(NotFound, Forbidden),
    example={"profile": _CLIENT_EXAMPLE, "coach": _COACH_EXAMPLE, "parts": {}},
)
def read_record(client_id: UUID) -> Any:
    """Each part comes from the feature that owns it."""
    return clients.record_of(client_id=client_id)


@blueprint.get(
    "/clients/<uuid:client_id>/assignments",
    summary="List a client's coaches over time",
    permission=permissions.CLIENTS_READ,
    query=schemas.MembersAssignmentQuery,
    returns=schemas.MembersAssignment,
    paged=True,
    errors=(NotFound, Forbidden),
    example=[
        {
            "id": "01890f3e-6b1c-7cc3-98c4-dc0c0c073991",
            "clientId": _CLIENT_ID,
            "coachId": _COACH_ID,
            "coachName": "Marcus Webb",
            "assignedBy": None,
            "startedAt": "2026-03-02T10:00:00Z",
            "endedAt": None,
        }
    ],
)
def list_assignments(client_id: UUID, query: dict[str, Any]) -> Page:
    """The one without an end is the present one."""
    return assignments.history_of(client_id=client_id, **query)


@blueprint.post(
    "/assign-coach",
    summary="Assign a coach to a client",
    permission=permissions.CLIENTS_ASSIGN,
    body=schemas.MembersAssign,
    returns=schemas.MembersClient,
    errors=(NotFound, CoachReassigned, UnavailableCoach),
    request_example={
        "clientId": _CLIENT_ID,
        "coachId": _COACH_ID,
        "expectedCoachId": None,
    },
    example=_CLIENT_EXAMPLE,
)
def assign_coach(body: dict[str, Any]) -> Any:
    """With expectedCoachId, only if nobody else was faster."""
    return assignments.assign_coach(**body)


@blueprint.get(
    "/coaches",
    summary="List coaches",
    permission=permissions.COACHES_READ,
    query=schemas.MembersCoachQuery,
    returns=schemas.MembersCoach,
    paged=True,
    example=[_COACH_EXAMPLE],
)
def list_coaches(query: dict[str, Any]) -> Page:
    """Clients see them too: coaches are whom they book."""
    return coaches.list_coaches(**query)


@blueprint.post(
    "/coaches",
    summary="Add a coach",
    permission=permissions.COACHES_CREATE,
    body=schemas.MembersCoachNew,
    returns=schemas.MembersCoach,
    status=201,
    errors=(
        EmailTaken,
        PasswordTooWeak,
        PlanLimit,
        ProfileExists,
        NotFound,
        UnfitRole,
        Unprocessable,
    ),
    request_example={
        "email": "marcus@iron-temple.example",
        "name": "Marcus Webb",
        "specialties": ["strength"],
    },
    example=_COACH_EXAMPLE,
)
def create_coach(body: dict[str, Any]) -> Any:
    """Creates the account too, invited where no password is given."""
    return coaches.create_coach(values=body)


@blueprint.get(
    "/coaches/<uuid:coach_id>",
    summary="Read a coach",
    permission=permissions.COACHES_READ,
    returns=schemas.MembersCoach,
    versioned=True,
    errors=(NotFound,),
    example=_COACH_EXAMPLE,
)
def get_coach(coach_id: UUID) -> Any:
    """Any coach of the gym."""
    return coaches.get_coach(coach_id=coach_id)


@blueprint.patch(
    "/coaches/<uuid:coach_id>",
    summary="Change a coach",
    permission=permissions.COACHES_UPDATE,
    body=schemas.MembersCoachChange,
    returns=schemas.MembersCoach,
    versioned=True,
    errors=(NotFound, Forbidden, PreconditionFailed),
    request_example={"bio": "Twelve years under the bar."},
    example=_COACH_EXAMPLE,
)
def change_coach(coach_id: UUID, body: dict[str, Any], if_match: int | None) -> Any:
    """A coach changes their own profile, staff any."""
    return coaches.change_coach(
        coach_id=coach_id, values=body, expected_version=if_match
    )


@blueprint.get(
    "/genders",
    summary="List the vocabulary of genders",
    permission=permissions.CLIENTS_READ,
    returns=schemas.MembersGender,
    many=True,
    example=[
        {"code": "female", "descriptions": {"en": "Female", "de": "Weiblich"}},
    ],
)
def list_genders() -> Any:
    """The codes that demographics.gender takes."""
    return clients.list_genders()
