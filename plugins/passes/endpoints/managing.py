"""Routes of what staff does with a pass."""

from typing import Any
from uuid import UUID

from core.sdk.base import Forbidden, PreconditionFailed, Unprocessable
from core.sdk.http import Blueprint
from plugins.passes import errors, permissions, schemas
from plugins.passes.endpoints.examples import PASS
from plugins.passes.service import managing

management = Blueprint(
    "passes_management",
    prefix="/passes",
    tag="Passes",
    owner="passes",
)

_CHANGE_ERRORS = (
    errors.PassNotFound,
    Forbidden,
    PreconditionFailed,
    errors.StateUnfit,
)


@management.post(
    "/<uuid:pass_id>/revoke",
    summary="Revoke a pass",
    permission=permissions.PASSES_MANAGE,
    returns=schemas.PassSchema,
    versioned=True,
    errors=_CHANGE_ERRORS,
    example={**PASS, "status": "revoked"},
)
def revoke_pass(pass_id: UUID, if_match: int | None) -> dict[str, Any]:
    """For good. What it paid for already stays booked."""
    return managing.revoke(pass_id=pass_id, expected_version=if_match)


@management.post(
    "/<uuid:pass_id>/adjust",
    summary="Add uses to a pass, or take some away",
    permission=permissions.PASSES_MANAGE,
    body=schemas.AdjustmentSchema,
    returns=schemas.PassSchema,
    versioned=True,
    errors=(*_CHANGE_ERRORS, errors.NotCounted, errors.BalanceBroken, Unprocessable),
    request_example={"uses": 1, "reason": "The heating was off"},
    example={**PASS, "remaining": 10},
)
def adjust_pass(
    pass_id: UUID, body: dict[str, Any], if_match: int | None
) -> dict[str, Any]:
    return managing.adjust(pass_id=pass_id, **body, expected_version=if_match)


@management.post(
    "/<uuid:pass_id>/pause",
    summary="Pause a pass",
    permission=permissions.PASSES_MANAGE,
    body=schemas.PauseSchema,
    returns=schemas.PassSchema,
    versioned=True,
    errors=(*_CHANGE_ERRORS, Unprocessable),
    request_example={"from": "2026-12-01", "until": "2026-12-14"},
    example={
        **PASS,
        "pausedFrom": "2026-12-01",
        "pausedUntil": "2026-12-14",
        "expiresAt": "2027-05-14T22:00:00Z",
    },
)
def pause_pass(
    pass_id: UUID, body: dict[str, Any], if_match: int | None
) -> dict[str, Any]:
    """It pays for no session in the pause, and lasts so many days longer."""
    return managing.pause(pass_id=pass_id, **body, expected_version=if_match)


@management.post(
    "/<uuid:pass_id>/resume",
    summary="End a pause",
    permission=permissions.PASSES_MANAGE,
    returns=schemas.PassSchema,
    versioned=True,
    errors=_CHANGE_ERRORS,
    example=PASS,
)
def resume_pass(pass_id: UUID, if_match: int | None) -> dict[str, Any]:
    """From today on. The days of the pause that are left shorten it again."""
    return managing.resume(pass_id=pass_id, expected_version=if_match)


@management.post(
    "/<uuid:pass_id>/block",
    summary="Block a pass",
    permission=permissions.PASSES_MANAGE,
    body=schemas.BlockSchema,
    returns=schemas.PassSchema,
    versioned=True,
    errors=_CHANGE_ERRORS,
    request_example={"reason": "Two invoices are overdue"},
    example={
        **PASS,
        "blocked": True,
        "blockedReason": "Two invoices are overdue",
    },
)
def block_pass(
    pass_id: UUID, body: dict[str, Any], if_match: int | None
) -> dict[str, Any]:
    """Until it is unblocked; its time runs on. The holder can read the reason."""
    return managing.block(pass_id=pass_id, **body, expected_version=if_match)


@management.post(
    "/<uuid:pass_id>/unblock",
    summary="Unblock a pass",
    permission=permissions.PASSES_MANAGE,
    returns=schemas.PassSchema,
    versioned=True,
    errors=(errors.PassNotFound, Forbidden, PreconditionFailed),
    example=PASS,
)
def unblock_pass(pass_id: UUID, if_match: int | None) -> dict[str, Any]:
    return managing.unblock(pass_id=pass_id, expected_version=if_match)


@management.post(
    "/<uuid:pass_id>/end-renewal",
    summary="Let a membership end with its period",
    permission=permissions.PASSES_MANAGE,
    returns=schemas.PassSchema,
    versioned=True,
    errors=_CHANGE_ERRORS,
    example={**PASS, "kind": "membership", "remaining": None},
)
def end_renewal(pass_id: UUID, if_match: int | None) -> dict[str, Any]:
    return managing.end_renewal(pass_id=pass_id, expected_version=if_match)
