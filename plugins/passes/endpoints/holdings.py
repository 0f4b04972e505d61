"""Routes of passes: generated, granted, redeemed and read."""

from typing import Any
from uuid import UUID

from core.sdk.base import Conflict, Forbidden, Page, Unprocessable
from core.sdk.http import Blueprint
from plugins.passes import errors, permissions, schemas
from plugins.passes.endpoints.examples import (
    BATCH_ID,
    CLIENT_ID,
    CODE,
    PASS,
    PRODUCT_ID,
)
from plugins.passes.service import issuing, reading, redeeming
from plugins.passes.service.issuing import Batch

passes = Blueprint(
    "passes",
    prefix="/passes",
    tag="Passes",
    owner="passes",
    description="Passes, packs and memberships.",
)


@passes.post(
    summary="Generate codes",
    permission=permissions.PASSES_CREATE,
    body=schemas.NewPassesSchema,
    returns=schemas.BatchSchema,
    status=201,
    errors=(
        errors.ClientUnknown,
        errors.ProductNotFound,
        errors.ProductUnfit,
        Forbidden,
        Unprocessable,
    ),
    request_example={"count": 2, "expiresInDays": 30, "uses": 1, "kind": "trial"},
    example={
        "batchId": BATCH_ID,
        "kind": "trial",
        "uses": 1,
        "clientId": None,
        "productId": None,
        "expiresAt": "2026-12-22T23:00:00Z",
        "codes": [CODE, "Q2BD-0M8Z-KT41-WXA9"],
    },
)
def generate_passes(body: dict[str, Any]) -> dict[str, Any]:
    """Up to 10 000 at once. Whoever has a code may use it: treat them like money."""
    return issuing.generate(Batch(**body))


@passes.get(
    summary="List passes",
    permission=permissions.PASSES_READ,
    query=schemas.PassesQuery,
    returns=schemas.PassSchema,
    paged=True,
    example=[PASS],
)
def list_passes(query: dict[str, Any]) -> Page:
    """Staff see all, a coach those of their clients, a client their own."""
    if "kind" in query:
        query["kind"] = query["kind"].value
    return reading.find(**query)


@passes.post(
    "/redeem",
    summary="Redeem a code",
    permission=permissions.PASSES_REDEEM,
    body=schemas.RedemptionSchema,
    returns=schemas.PassSchema,
    status=201,
    errors=(
        errors.PassNotFound,
        errors.SessionUnknown,
        errors.ClientUnknown,
        errors.PassExpired,
        errors.PassRevoked,
        errors.AlreadyRedeemed,
        errors.AllowanceUsed,
        errors.PassPaused,
        errors.PassBlocked,
        errors.NotStarted,
        errors.SessionCovered,
        errors.SessionUnfit,
        errors.TooManyMisses,
        Conflict,
        Forbidden,
    ),
    request_example={"code": CODE},
    example=PASS,
)
def redeem_pass(body: dict[str, Any]) -> dict[str, Any]:
    """Takes one use. A client who redeems a code that nobody holds becomes its holder.

    After 20 unknown codes in 15 minutes the caller is answered 429 for a while.
    """
    return redeeming.redeem(**body)


@passes.post(
    "/grants",
    summary="Give a client a pack or membership",
    permission=permissions.PASSES_CREATE,
    body=schemas.NewGrantSchema,
    returns=schemas.PassSchema,
    status=201,
    errors=(
        errors.ClientUnknown,
        errors.ProductNotFound,
        errors.ProductUnfit,
        Forbidden,
        Unprocessable,
    ),
    request_example={"clientId": CLIENT_ID, "productId": PRODUCT_ID},
    example=PASS,
)
def grant_product(body: dict[str, Any]) -> dict[str, Any]:
    """The client is written to, with the code to show at the desk."""
    return issuing.grant(**body)


@passes.get(
    "/<uuid:pass_id>",
    summary="Read a pass",
    permission=permissions.PASSES_READ,
    returns=schemas.PassSchema,
    versioned=True,
    errors=(errors.PassNotFound, Forbidden),
    example=PASS,
)
def read_pass(pass_id: UUID) -> dict[str, Any]:
    return reading.get(pass_id=pass_id)


@passes.get(
    "/<uuid:pass_id>/ledger",
    summary="Read the movements of a pass",
    permission=permissions.PASSES_READ,
    query=schemas.LedgerQuery,
    returns=schemas.LedgerEntrySchema,
    paged=True,
    errors=(errors.PassNotFound, Forbidden),
    example=[
        {
            "id": "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6c04",
            "kind": "use",
            "uses": -1,
            "balance": 9,
            "sessionId": "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b13",
            "reason": None,
            "createdAt": "2026-11-03T17:30:00Z",
        }
    ],
)
def read_ledger(pass_id: UUID, query: dict[str, Any]) -> Page:
    """All that was granted, used, given back, adjusted and expired, in order."""
    return reading.ledger(pass_id=pass_id, **query)
