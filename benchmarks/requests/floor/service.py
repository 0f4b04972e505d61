"""What is done around each request: limits, headers, figures and a line in the log."""

import os
import re
import threading
import time
from math import ceil
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, Counter, Histogram

from benchmarks.requests.floor.errors import Refused
from benchmarks.requests.floor.ids import new_id
from benchmarks.requests.floor.settings import REQUESTS_A_MINUTE
from benchmarks.requests.floor.wire import Answer, Request
from core.clock import utc_now
from core.http.address import bucket_of

_WINDOW_S = 60
_STDERR = 2
_TRACE = re.compile(r"^[A-Za-z0-9._-]{8,128}$")

_ALWAYS = (
    ("Content-Type", "application/json"),
    ("Vary", "Origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "no-referrer"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cache-Control", "no-store"),
)

_registry = CollectorRegistry()
_LABELS = ("method", "route", "status_code")
_requests = Counter(
    "http_requests_total", "Requests answered.", _LABELS, registry=_registry
)
_durations = Histogram(
    "http_request_duration_seconds",
    "Time from request to answer.",
    _LABELS,
    registry=_registry,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
_series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
_served: dict[tuple[str, int], int] = {}


class Limit:
    """So many requests of a key in each minute of the clock, counted in memory."""

    def __init__(self, amount: int) -> None:
        self.amount = amount
        self._window = -1
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, key: str, at: float) -> int:
        """Counts a request of ``key``; gives how many are left, below 0 for none."""
        window = int(at) // _WINDOW_S
        with self._lock:
            if window != self._window:
                self._window = window
                self._counts = {}
            count = self._counts.get(key, 0) + 1
            self._counts[key] = count
        return self.amount - count


_addresses, _callers = Limit(REQUESTS_A_MINUTE), Limit(REQUESTS_A_MINUTE)
_gyms: dict[int, Limit] = {}


def receive(environ: dict[str, Any]) -> Request:
    """Reads the head of a request."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return Request(
        environ=environ,
        trace_id=given if given and _TRACE.match(given) else new_id(),
        at=time.time(),
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
    )


def hold_address(request: Request) -> None:
    """Counts a request against its address."""
    _hold(request, _addresses, bucket_of(request.address or ""), "address")


def hold_caller(request: Request, user_id: str | None) -> None:
    """Counts a request against its user in its gym, or against its address there."""
    who = user_id or bucket_of(request.address or "")
    _hold(request, _callers, f"{request.tenant}:{who}", "caller")


def hold_gym(request: Request, per_minute: int) -> None:
    """Counts a request against what its gym's plan grants."""
    limit = _gyms.get(per_minute)
    if limit is None:
        limit = _gyms[per_minute] = Limit(per_minute)
    _hold(request, limit, request.tenant, "gym")


def meter(request: Request) -> None:
    """Counts a request that a gym is served, by the day."""
    place = (request.tenant, int(request.at) // 86_400)
    _served[place] = _served.get(place, 0) + 1


def _hold(request: Request, limit: Limit, key: str, whose: str) -> None:
    left = limit.take(key, request.at)
    if request.standing is None or left <= request.standing[1]:
        request.standing = (limit.amount, left)
    if left < 0:
        raise Refused(
            429,
            "RATE_LIMITED",
            "Too many requests; slow down.",
            details={"limit": whose},
            headers={"Retry-After": str(_seconds_left(request.at))},
        )


def _seconds_left(at: float) -> int:
    return max(1, ceil((at // _WINDOW_S + 1) * _WINDOW_S - at))


def finish(
    request: Request, answer: Answer, route: str | None, seconds: float
) -> list[tuple[str, str]]:
    """Counts and logs a request that was answered; gives the headers."""
    status = answer.status
    _count(request.method, route or "(unknown)", status, seconds)
    _log(request, status, route, seconds)
    headers = [
        *_ALWAYS,
        *answer.headers,
        ("Content-Length", str(len(answer.body))),
        ("X-Request-Id", request.trace_id),
    ]
    if request.standing is not None:
        amount, left = request.standing
        headers += (
            ("RateLimit-Limit", str(amount)),
            ("RateLimit-Remaining", str(max(0, left))),
            ("RateLimit-Reset", str(_seconds_left(request.at))),
        )
    origin = request.environ.get("HTTP_ORIGIN")
    gym = request.entered
    if origin is not None and gym is not None and origin in gym.origins:
        headers += (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
        )
    return headers


def _count(method: str, route: str, status: int, seconds: float) -> None:
    place = (method, route, status)
    known = _series.get(place)
    if known is None:
        labels = (method, route, str(status))
        known = (_requests.labels(*labels), _durations.labels(*labels))
        _series[place] = known
    known[0].inc()
    known[1].observe(seconds)


def _log(request: Request, status: int, route: str | None, seconds: float) -> None:
    entry: dict[str, Any] = {
        "ts": utc_now(),
        "level": "info",
        "msg": "http.request",
        "traceId": request.trace_id,
    }
    if request.entered is not None:
        entry["tenant"] = request.entered.slug
    if request.actor is not None:
        entry["userId"] = request.actor.user_id
    entry["module"] = "floor"
    entry["method"] = request.method
    entry["status"] = status
    entry["ms"] = round(seconds * 1000, 2)
    if route is not None:
        entry["route"] = route
    os.write(_STDERR, orjson.dumps(entry, option=orjson.OPT_UTC_Z) + b"\n")
