"""``/health`` and ``/ready``: for whoever watches over the process."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Response
from marshmallow import fields, validate

from core.clock import as_rfc3339, utc_now
from core.http.blueprint import Blueprint
from core.http.envelope import JSON, json_response
from core.http.schema import Moment, Schema

Check = Callable[[], bool | str | None]
"""Looks at one thing; None or True is well, False or a sentence is not."""

log = structlog.get_logger(__name__)


class Health(Schema):
    """The process is alive."""

    status = fields.String(required=True, validate=validate.OneOf(["ok"]))
    timestamp = Moment(required=True)


class CheckResult(Schema):
    """What one check found."""

    ok = fields.Boolean(required=True)
    detail = fields.String(metadata={"description": "What is wrong."})


class Readiness(Schema):
    """Whether the process can serve, and why not."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "unready"]))
    timestamp = Moment(required=True)
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(CheckResult),
        required=True,
        metadata={"example": {"database": {"ok": True}, "migrations": {"ok": True}}},
    )


def blueprint(checks: Mapping[str, Check]) -> Blueprint:
    """Builds the routes.

    Args:
        checks: By name, what must be well before requests may come here.
    """
    system = Blueprint(
        "system",
        prefix="",
        tag="System",
        reach="installation",
        description="For load balancers and monitoring.",
    )

    @system.get(
        "/health",
        summary="Say whether the process is alive",
        public=True,
        returns=Health,
        media_type=JSON,
    )
    def health() -> Response:
        """Looks at nothing but itself: a lost database is no reason to restart."""
        return json_response(
            {"status": "ok", "timestamp": as_rfc3339(utc_now())}, status=200
        )

    @system.get(
        "/ready",
        summary="Say whether the process can serve",
        public=True,
        returns=Readiness,
        media_type=JSON,
        also_status=(503,),
    )
    def ready() -> Response:
        """Answers 503, in the same shape, while any check fails."""
        results = {name: _result(name, check) for name, check in checks.items()}
        well = all(result["ok"] for result in results.values())
        return json_response(
            {
                "status": "ok" if well else "unready",
                "timestamp": as_rfc3339(utc_now()),
                "checks": results,
            },
            status=200 if well else 503,
        )

    return system


def _result(name: str, check: Check) -> dict[str, Any]:
    """Runs one check; one that breaks counts as failed and tells the log why."""
    try:
        found = check()
    except Exception as error:
        log.warning("ready.check_broke", check=name, exc_info=error)
        found = False
    if isinstance(found, str):
        return {"ok": False, "detail": found}
    return {"ok": found is None or found}
