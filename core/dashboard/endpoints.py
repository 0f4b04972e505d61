"""The dashboard's route."""

from core.dashboard import service
from core.dashboard.permissions import READ_SUMMARY
from core.dashboard.schemas import SummaryOut
from core.dashboard.service import Summary
from core.http.blueprint import Blueprint

dashboard = Blueprint(
    "dashboard",
    prefix="/admin/dashboard",
    tag="Dashboard",
    description="The gym's figures at a glance.",
)

_EXAMPLE = {
    "members": 214,
    "newMembersThisMonth": 9,
    "staff": 12,
    "failedNotifications": 1,
    "deadJobs": 0,
    "tiles": [
        {
            "id": "sessionsToday",
            "plugin": "scheduling",
            "title": "Sessions today",
            "value": 31,
            "unit": "sessions",
            "status": "ok",
        }
    ],
}


@dashboard.get(
    "/summary",
    summary="Show the gym's figures at a glance",
    permission=READ_SUMMARY,
    returns=SummaryOut,
    example=_EXAMPLE,
)
def read_summary() -> Summary:
    """Core's own figures, and tiles of the plugins that are on.

    A plugin that cannot give its figures shows one tile with the status `error`; all
    others are shown as ever.
    """
    return service.summary()
