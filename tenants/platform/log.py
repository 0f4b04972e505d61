"""What operators did."""

from typing import Any

from core.http.blueprint import Blueprint
from core.http.page import Page
from tenants import repository
from tenants.platform.access import TAG, operator_units
from tenants.platform.schemas import LogEntry, LogQuery

log = Blueprint("platform_log", prefix="/log", tag=TAG, reach="operator")


@log.get(
    summary="List what operators did",
    signed_in=True,
    query=LogQuery,
    returns=LogEntry,
    paged=True,
    example=[
        {
            "id": "01a00000-0000-7000-8000-000000000005",
            "at": "2026-03-01T09:00:00Z",
            "operatorId": "01a00000-0000-7000-8000-000000000001",
            "action": "gym.suspended",
            "gymId": "019b0a52-7c3e-7d10-9f2a-5d1c0e8b4a11",
            "gymSlug": "iron-temple",
            "details": {},
            "traceId": "01a00000-0000-7000-8000-000000000009",
            "address": "203.0.113.7",
        }
    ],
)
def list_entries(query: dict[str, Any]) -> Page:
    """Commands included; nobody can change or delete an entry."""
    with operator_units().open(None) as session:
        return repository.page_of_log(session, query)
