"""The jobs that remind of a session, planned when it is booked or moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from benchmarks.requests.peers.common.clock import as_rfc3339, new_id, utc_now

KIND: Final = "scheduling.session_reminder"

_USUAL: Mapping[int, bool] = {1440: True, 60: True}


@dataclass(frozen=True, slots=True)
class Cause:
    """On whose behalf and in which request something is written."""

    tenant_id: UUID
    user_id: UUID
    trace_id: str
    address: str | None


def jobs(
    cause: Cause, session_id: UUID, at: datetime, own_rules: Mapping[int, bool]
) -> list[dict[str, Any]]:
    """Rows of the outbox.

    Args:
        cause: Who books.
        session_id: Of which session.
        at: When it begins.
        own_rules: The gym's rules: minutes before it → whether one is sent.
    """
    now = utc_now()
    return [
        {
            "tenant_id": cause.tenant_id,
            "id": new_id(),
            "kind": "notifications.remind",
            "args": {
                "at": as_rfc3339(at),
                "kind": KIND,
                "subject_id": str(session_id),
                "minutes_before": minutes,
            },
            "dedup_key": f"{KIND}:{session_id}:{minutes}:{round(at.timestamp())}",
            "state": "pending",
            "run_at": at - timedelta(minutes=minutes),
            "attempts": 0,
            "actor_id": cause.user_id,
            "trace_id": cause.trace_id,
            "created_at": now,
        }
        for minutes, enabled in {**_USUAL, **own_rules}.items()
        if enabled and at - timedelta(minutes=minutes) > now
    ]
