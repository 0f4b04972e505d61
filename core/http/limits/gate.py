"""The limits that requests pass, and the headers that tell how they stand."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from flask import Request, request

from core.config import HttpSettings
from core.errors import RateLimited
from core.http.address import client_address
from core.http.blueprint import API, PLATFORM_API
from core.http.edge import Header
from core.http.limits.counters import Counter, MemoryCounter, SharedCounter
from core.http.limits.rates import Allowance, Rate, Standing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_AUTH = (f"{API}/auth/", f"{PLATFORM_API}/auth/")
_NEVER_LIMITED = frozenset({"/health", "/metrics"})
"""An orchestrator that is refused here would end a healthy process, and monitoring
would be blind in a flood."""

_STANDING: Final = "palestra.standing"
"""WSGI key of the standing that the answer to a request tells."""

_HELD: Final = "palestra.gym_rate"
"""WSGI key of the requests a minute that a request was held to for its gym."""


class RateLimits:
    """The limits of an installation.

    Args:
        http: Holds the rates.
        redis_url: Where all processes count together; each for itself when None.
    """

    def __init__(self, http: HttpSettings, redis_url: str | None) -> None:
        counter: Counter = SharedCounter(redis_url) if redis_url else MemoryCounter()
        self._counter = counter
        self._address = Allowance("a", Rate.parse(http.rate_limit_address), counter)
        self._caller = Allowance("c", Rate.parse(http.rate_limit), counter)
        self._auth = Allowance("l", Rate.parse(http.rate_limit_auth), counter)
        self._gyms: dict[int, Allowance] = {}

    def close(self) -> None:
        """Closes the connections to Redis, if there are any."""
        self._counter.close()

    def headers(
        self, environ: "WSGIEnvironment", _given: Mapping[str, str]
    ) -> Iterable[Header]:
        """Tells the caller where they stand with the limit that leaves them least."""
        standing: Standing | None = environ.get(_STANDING)
        if standing is None:
            return ()
        return (
            ("RateLimit-Limit", str(standing.limit)),
            ("RateLimit-Remaining", str(standing.remaining)),
            ("RateLimit-Reset", str(standing.reset)),
        )

    def hold_address(self, request: Request) -> None:
        """Counts a request against its address.

        Raises:
            RateLimited: The address has used up its requests of this window.
        """
        if request.path not in _NEVER_LIMITED:
            _pass(self._address.take(client_address(request)), "address")

    def hold_caller(
        self, request: Request, tenant_id: UUID | None, user_id: UUID | None
    ) -> None:
        """Counts a request against its user, or against its address without one.

        Log-in and password routes have a count of their own.

        Args:
            request: The request.
            tenant_id: The gym it addresses; None for the operator's routes.
            user_id: The user that a verified token names.

        Raises:
            RateLimited: The caller has used up its requests of this window.
        """
        allowance = self._auth if request.path.startswith(_AUTH) else self._caller
        who = user_id.hex if user_id is not None else client_address(request)
        gym = tenant_id.hex if tenant_id is not None else "-"
        _pass(allowance.take(f"{gym}:{who}"), "caller")

    def hold_gym(self, request: Request, tenant_id: UUID, per_minute: int) -> None:
        """Counts a request against what the gym's plan grants, once for each figure.

        Args:
            request: The request.
            tenant_id: The gym.
            per_minute: Requests a minute that all its callers have together.

        Raises:
            RateLimited: The gym has used up its requests of this minute.
        """
        if request.environ.get(_HELD) == per_minute:
            return
        request.environ[_HELD] = per_minute
        allowance = self._gyms.get(per_minute)
        if allowance is None:
            allowance = Allowance("g", Rate(per_minute, 60), self._counter)
            self._gyms[per_minute] = allowance
        _pass(allowance.take(tenant_id.hex), "gym")


def _pass(standing: Standing, whose: str) -> None:
    """Notes the standing that leaves least, and refuses a request too many."""
    known: Standing | None = request.environ.get(_STANDING)
    if known is None or standing.exceeded or standing.remaining <= known.remaining:
        request.environ[_STANDING] = standing
    if standing.exceeded:
        raise RateLimited(
            details={"limit": whose}, headers={"Retry-After": str(standing.reset)}
        )
