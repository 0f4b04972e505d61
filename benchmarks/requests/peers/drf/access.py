"""Which gym is addressed, and on whose behalf a request writes."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from rest_framework.request import Request
from rest_framework.views import APIView

from benchmarks.requests.peers.common import errors
from benchmarks.requests.peers.common.reminders import Cause
from benchmarks.requests.peers.drf.models import Gym, User


class TenantMixin(APIView):
    """Enters the gym before anybody is authenticated in it.

    The transaction is the request's (``ATOMIC_REQUESTS``); row level security lets it
    see this gym alone.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        slug = request.headers.get("X-Tenant", "")
        gym = Gym.objects.filter(slug=slug).first()
        if gym is None:
            raise errors.TenantUnknown
        if gym.status != "active":
            raise errors.TenantSuspended
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('app.tenant_id', %s, true)", [str(gym.id)]
            )
        request.gym = gym
        request._request.tenant_slug = slug  # noqa: SLF001 — for the line in the log
        super().initial(request, *args, **kwargs)


def zone_of(gym: Gym) -> ZoneInfo:
    """The gym's time zone."""
    return ZoneInfo(gym.timezone)


def cause_of(request: Request, user: User | None = None) -> Cause:
    """On whose behalf a request writes."""
    return Cause(
        request.gym.id,
        (user or request.user).id,
        request.trace_id,
        request.META.get("REMOTE_ADDR"),
    )
