"""``/metrics``: the figures of this installation, for Prometheus."""

from collections.abc import Callable

from flask import Response, request

from core.errors import Forbidden
from core.http.blueprint import Blueprint
from core.metrics import counter, histogram
from core.metrics.door import Door
from core.metrics.exposition import CONTENT_TYPE
from core.metrics.port import FORWARDED

PATH = "/metrics"
UNKNOWN_ROUTE = "(unknown)"
"""Stands for every path that is no route's, so that paths make no new series."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LABELS = ("method", "route", "status_code")

_requests = counter("http_requests_total", "Requests answered.", _LABELS)
_durations = histogram(
    "http_request_duration_seconds",
    "Time from request to answer.",
    _LABELS,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)


def count_request(method: str, route: str | None, status: int, seconds: float) -> str:
    """Counts a request that was answered; gives the method as it is counted.

    Args:
        method: As it was sent; one that HTTP does not know is counted as ``OTHER``.
        route: The rule that its path fits; None when there is no such route.
        status: Of the answer.
        seconds: What it took.
    """
    known = method if method in _METHODS else "OTHER"
    labels = (
        known,
        UNKNOWN_ROUTE if route is None else route,
        str(status),
    )
    _requests.inc(*labels)
    _durations.observe(seconds, *labels)
    return known


def blueprint(
    render: Callable[[], bytes], door: Door, *, behind_proxies: bool
) -> Blueprint:
    """Builds the route.

    Args:
        render: Gives the figures.
        door: Says who may read them.
        behind_proxies: The address of a request is what trusted proxies vouch for.
    """
    metrics = Blueprint(
        "metrics",
        prefix="",
        tag="System",
        reach="installation",
        description="Figures for Prometheus.",
    )

    @metrics.get(
        PATH,
        summary="Give the figures of the installation",
        public=True,
        media_type="text/plain",
        errors=(Forbidden,),
        documented=False,
    )
    def read() -> Response:
        """Only for addresses or bearer tokens that the operator has named."""
        admitted = door.admits(
            address=request.environ.get("REMOTE_ADDR"),
            authorization=request.headers.get("Authorization"),
            forwarded=not behind_proxies
            and any(name in request.environ for name in FORWARDED),
        )
        if not admitted:
            raise Forbidden
        return Response(render(), content_type=CONTENT_TYPE)

    return metrics


__all__ = ["PATH", "blueprint", "count_request"]
