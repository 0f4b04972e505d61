"""Gyms: created, listed, changed, suspended, resumed and closed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.auth.errors import PasswordTooWeak
from core.errors import TenantUnknown, Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.http.schema import snake_case
from core.plugin.directory import NewGym
from tenants import repository
from tenants.errors import (
    DomainTaken,
    GymClosed,
    GymExists,
    GymInvalid,
    GymNotClosed,
    SlugDiffers,
)
from tenants.models import LIMITS, GymRow, GymStatus
from tenants.platform.access import TAG, directory, installed, operator_units
from tenants.platform.schemas import (
    BrandingGiven,
    GymChange,
    GymErase,
    GymLine,
    GymNew,
    GymOut,
    GymsQuery,
    LimitsGiven,
    plain,
)
from tenants.schemas import GYM_EXAMPLE

gyms = Blueprint("platform_gyms", prefix="/gyms", tag=TAG, reach="operator")

_EXAMPLE = {
    **GYM_EXAMPLE,
    "corsOrigins": ["https://app.iron-temple.example"],
    "updatedAt": "2026-03-01T09:00:00Z",
}


@gyms.get(
    summary="List the gyms",
    signed_in=True,
    query=GymsQuery,
    returns=GymLine,
    paged=True,
)
def list_gyms(query: dict[str, Any]) -> Page:
    """Erased gyms are listed only when they are asked for by status."""
    with operator_units().open(None) as session:
        return repository.page_of_gyms(session, query)


@gyms.post(
    summary="Create a gym with its first admin",
    signed_in=True,
    status=201,
    body=GymNew,
    returns=GymOut,
    errors=(DomainTaken, GymExists, GymInvalid, PasswordTooWeak, Unprocessable),
    example=_EXAMPLE,
    request_example={
        "slug": "iron-temple",
        "name": "Iron Temple",
        "timezone": "America/New_York",
        "currency": "USD",
        "admin": {
            "email": "olivia@iron-temple.example",
            "name": "Olivia Grant",
            "password": "Nine-Lamps-Glow-42",
        },
        "limits": {"members": 500, "staff": 20},
    },
)
def create_gym(body: dict[str, Any]) -> dict[str, Any]:
    """In one transaction; the same slug with the same admin again changes nothing."""
    admin = body["admin"]
    limits = plain(body.get("limits", {}), LimitsGiven)
    wanted: NewGym = {
        "slug": body["slug"],
        "name": body["name"],
        "timezone": body["timezone"],
        "locale": body["locale"],
        "currency": body["currency"],
        "admin_email": admin["email"],
        "admin_name": admin["name"],
        "admin_password": admin["password"],
        "domains": body.get("domains", []),
        "limits": {name: limits[name] for name in limits if limits[name] is not None},
        "cors_origins": body.get("cors_origins", []),
    }
    gym_id = directory().create(operator_units(), **wanted)
    return _shown(*directory().get(operator_units(), gym_id))


@gyms.get(
    "/<uuid:gym_id>",
    summary="Show one gym",
    signed_in=True,
    returns=GymOut,
    errors=(TenantUnknown,),
    example=_EXAMPLE,
)
def show_gym(gym_id: UUID) -> dict[str, Any]:
    return _shown(*directory().get(operator_units(), gym_id))


@gyms.patch(
    "/<uuid:gym_id>",
    summary="Change a gym",
    signed_in=True,
    body=GymChange,
    returns=GymOut,
    errors=(DomainTaken, GymClosed, GymInvalid, TenantUnknown),
    example=_EXAMPLE,
    request_example={"limits": {"members": 800}},
)
def change_gym(gym_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Holds from the next request on; lists are replaced, the rest is merged."""
    changes = dict(body)
    for name, shape in (("limits", LimitsGiven), ("branding", BrandingGiven)):
        if name in changes:
            changes[name] = plain(changes[name], shape)
    directory().change(operator_units(), gym_id, changes)
    return _shown(*directory().get(operator_units(), gym_id))


@gyms.post(
    "/<uuid:gym_id>/suspend",
    summary="Suspend a gym",
    signed_in=True,
    returns=GymOut,
    errors=(GymClosed, TenantUnknown),
    example={**_EXAMPLE, "status": "suspended"},
)
def suspend_gym(gym_id: UUID) -> dict[str, Any]:
    """Every request to it answers 403 `TENANT_SUSPENDED`; its jobs wait."""
    return _to(gym_id, GymStatus.SUSPENDED)


@gyms.post(
    "/<uuid:gym_id>/resume",
    summary="Resume a suspended gym",
    signed_in=True,
    returns=GymOut,
    errors=(GymClosed, TenantUnknown),
    example=_EXAMPLE,
)
def resume_gym(gym_id: UUID) -> dict[str, Any]:
    """It is served again, and its jobs that waited run."""
    return _to(gym_id, GymStatus.ACTIVE)


@gyms.post(
    "/<uuid:gym_id>/close",
    summary="Close a gym for good",
    signed_in=True,
    returns=GymOut,
    errors=(GymClosed, TenantUnknown),
    example={**_EXAMPLE, "status": "closed"},
)
def close_gym(gym_id: UUID) -> dict[str, Any]:
    """It never opens again; its data stays until it is erased."""
    return _to(gym_id, GymStatus.CLOSED)


@gyms.post(
    "/<uuid:gym_id>/erase",
    summary="Erase a closed gym",
    signed_in=True,
    status=202,
    body=GymErase,
    returns=GymOut,
    errors=(GymNotClosed, SlugDiffers, TenantUnknown),
    example={**_EXAMPLE, "status": "erased"},
    request_example={"slug": "iron-temple"},
)
def erase_gym(gym_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Cannot be taken back. The background processes delete it piece by piece."""
    row, _domains = directory().get(operator_units(), gym_id)
    if body["slug"] != row.slug:
        raise SlugDiffers
    directory().begin_erasure(operator_units(), row.slug, installed().anchors)
    return _shown(*directory().get(operator_units(), gym_id))


def _to(gym_id: UUID, status: GymStatus) -> dict[str, Any]:
    directory().set_status(operator_units(), gym_id, status)
    return _shown(*directory().get(operator_units(), gym_id))


def _shown(row: GymRow, domains: Sequence[str]) -> dict[str, Any]:
    parts = ("logoFileId", "primaryColor", "secondaryColor")
    return {
        "id": row.id,
        "slug": row.slug,
        "name": row.name,
        "status": row.status,
        "timezone": row.timezone,
        "locale": row.locale,
        "currency": row.currency,
        "domains": domains,
        "branding": {snake_case(part): row.branding.get(part) for part in parts},
        "limits": shown_limits(row),
        "cors_origins": row.cors_origins,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def shown_limits(row: GymRow) -> dict[str, Any]:
    """The limits of a gym's plan; None is no limit."""
    return {snake_case(name): row.limits.get(name) for name in LIMITS}
