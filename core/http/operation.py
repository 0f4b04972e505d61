"""What is known about one route besides its code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow as ma

from core.access import Permission
from core.errors import AppError

Reach = Literal["gym", "operator", "installation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A route, as declared.

    Attributes:
        permission: What the caller must hold; None for a public route.
        signed_in: Any logged-in user may call; the service decides by row.
        reach: ``gym`` routes need a gym, ``operator`` routes serve the operator of
            all gyms, ``installation`` routes belong to the process (``/health``).
        owner: Id of the plugin it belongs to; None for core.
        body, query, returns: Wire shapes.
        paged: The answer is a list with ``meta.pagination``.
        status: Status of a success.
        errors: The refusals it may answer with, besides the usual ones.
        idempotent: It creates, so it takes an ``Idempotency-Key``; not where the
            answer holds a secret, because answers are kept for the replay.
        versioned: It honours ``If-Match`` and gives an ``ETag``.
        always_on: It answers although its plugin is switched off.
        media_type: Of a success that is not enveloped JSON.
        example: Of the data it answers with; made from ``returns`` when left out.
        request_example: Of the body it takes; made from ``body`` when left out.
        parameters: OpenAPI parameters besides those that path and query give.
        also_status: Further statuses that answer in the shape of a success.
        documented: Whether the API's document lists it.
        stepwise: No transaction is open while its view runs; the view opens its own,
            one for each step (``core.http.pipeline.step``).
        during_setup: Also those may call who must set up a second factor first.
        strangers_too: Whoever sends no token may call as well; the permission is
            asked of those who send one.
    """

    name: str
    method: str
    summary: str
    description: str = ""
    permission: Permission | None = None
    signed_in: bool = False
    reach: Reach = "gym"
    owner: str | None = None
    tag: str = ""
    body: ma.Schema | None = None
    query: ma.Schema | None = None
    returns: ma.Schema | None = None
    paged: bool = False
    many: bool = False
    status: int = 200
    errors: Sequence[type[AppError]] = ()
    idempotent: bool = False
    versioned: bool = False
    always_on: bool = False
    media_type: str | None = None
    stepwise: bool = False
    example: Any = None
    request_example: Any = None
    parameters: Sequence[dict[str, Any]] = field(default_factory=tuple)
    also_status: Sequence[int] = ()
    documented: bool = True
    during_setup: bool = False
    strangers_too: bool = False

    @property
    def public(self) -> bool:
        """Whether strangers may call it."""
        return self.permission is None and not self.signed_in
