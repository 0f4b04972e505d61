"""What the documents of the routes show."""

from collections.abc import Mapping
from typing import Any

HELD_ID = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6c01"
CLIENT_ID = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6b12"
PRODUCT_ID = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6c02"
BATCH_ID = "0198a6d2-6a3c-7c1e-9a57-2f0c7f1f6c03"
CODE = "7K3M-Q9TX-2WDB-H5RC"
PASS: Mapping[str, Any] = {
    "id": HELD_ID,
    "code": CODE,
    "kind": "pack",
    "status": "active",
    "clientId": CLIENT_ID,
    "productId": PRODUCT_ID,
    "batchId": None,
    "remaining": 9,
    "allowance": None,
    "allowancePer": None,
    "startsAt": "2026-11-01T23:00:00Z",
    "expiresAt": "2027-04-30T22:00:00Z",
    "validDays": None,
    "renews": False,
    "pausedFrom": None,
    "pausedUntil": None,
    "blocked": False,
    "blockedReason": None,
    "version": 2,
    "createdAt": "2026-11-02T09:00:00Z",
    "updatedAt": "2026-11-03T17:30:00Z",
}
PRODUCT: Mapping[str, Any] = {
    "id": PRODUCT_ID,
    "name": "Ten sessions",
    "description": "Good for half a year from the first session.",
    "kind": "pack",
    "uses": 10,
    "validDays": 180,
    "validFrom": "first_use",
    "periodMonths": None,
    "renews": False,
    "allowance": None,
    "allowancePer": None,
    "archivedAt": None,
    "version": 1,
    "createdAt": "2026-11-02T09:00:00Z",
    "updatedAt": "2026-11-02T09:00:00Z",
}
