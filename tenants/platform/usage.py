"""What gyms use."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.clock import utc_now
from core.context import current
from core.errors import TenantUnknown
from core.http.blueprint import Blueprint
from core.http.page import Page
from tenants import repository
from tenants.models import GymRow, GymStatus
from tenants.platform.access import TAG, directory, installed, operator_units
from tenants.platform.gyms import shown_limits
from tenants.platform.schemas import UsageListQuery, UsageOut, UsageQuery
from tenants.usage import used

usage = Blueprint("platform_usage", prefix="", tag=TAG, reach="operator")

_EXAMPLE = {
    "gymId": "019b0a52-7c3e-7d10-9f2a-5d1c0e8b4a11",
    "slug": "iron-temple",
    "status": "active",
    "figures": {"members": 412, "staff": 9, "sessions": 5210},
    "requests": 183042,
    "jobsDone": 9120,
    "days": 30,
    "limits": {
        "members": 500,
        "staff": 20,
        "storageBytes": None,
        "requestsPerMinute": None,
    },
}


@usage.get(
    "/gyms/<uuid:gym_id>/usage",
    summary="Show what a gym uses",
    signed_in=True,
    query=UsageQuery,
    returns=UsageOut,
    errors=(TenantUnknown,),
    example=_EXAMPLE,
)
def show_usage(gym_id: UUID, query: dict[str, Any]) -> Mapping[str, Any]:
    """Requests of the last seconds may be missing; see the operator's manual."""
    row, _domains = directory().get(operator_units(), gym_id)
    _bring_up_to_date()
    return _of(row, query["days"])


@usage.get(
    "/usage",
    summary="List what the gyms use",
    signed_in=True,
    query=UsageListQuery,
    returns=UsageOut,
    paged=True,
    example=[_EXAMPLE],
)
def list_usage(query: dict[str, Any]) -> Page:
    """A page of gyms that are not erased, each with its figures."""
    with operator_units().open(None) as session:
        page = repository.page_of_gyms(session, query)
    _bring_up_to_date()
    items = [_of(row, query["days"]) for row in page.items]
    return Page(items=items, page=page.page, limit=page.limit, total=page.total)


def _bring_up_to_date() -> None:
    """Lets this process tell what it counted, and counts the jobs again."""
    directory().flush_requests(operator_units())
    directory().count_jobs(operator_units())


def _of(row: GymRow, days: int) -> Mapping[str, Any]:
    last = utc_now().date()
    first = last - timedelta(days=days - 1)
    return {
        "gym_id": row.id,
        "slug": row.slug,
        "status": row.status,
        "figures": _figures(row),
        **used(operator_units(), row.id, first, last),
        "days": days,
        "limits": shown_limits(row),
    }


def _figures(row: GymRow) -> Mapping[str, int]:
    """What core and plugins tell; of an erased gym there is nothing to tell."""
    if row.status == GymStatus.ERASED:
        return {}
    with installed().in_gym(row.id, actor=current().actor) as (_session, gym):
        return installed().usage_of(gym)
