"""What operators did: in a log of their own, and in the audit log of the gym.

An entry is written in the transaction of what it tells of, on the operator's own
connection.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.audit.recorder import record_event
from core.clock import utc_now
from core.context import OPERATOR, current_or_none
from core.db.session import TenantSession
from core.ids import NIL
from tenants.models import GymRow, OperatorEntry


def note(
    session: TenantSession,
    action: str,
    *,
    gym: GymRow | None = None,
    operator_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Writes down what the current operator does.

    Args:
        session: On the operator's connection. Where it serves ``gym``, the gym's audit
            log tells of it too.
        action: Such as ``gym.suspended``.
        gym: The gym it is done to.
        operator_id: Who, where the current actor does not say it yet (a log-in).
        details: What else is worth keeping; no secrets, nothing personal.
    """
    here = current_or_none()
    acting = here.actor if here and here.actor.kind == OPERATOR.kind else OPERATOR
    session.add(
        OperatorEntry(
            at=utc_now(),
            operator_id=operator_id or acting.user_id,
            action=action,
            gym_id=gym.id if gym else None,
            gym_slug=gym.slug if gym else None,
            details=dict(details or {}),
            trace_id=here.trace_id if here else None,
            address=here.address if here else None,
        )
    )
    session.flush()
    if gym is not None and session.tenant_id not in {None, NIL}:
        record_event(action, "gym", gym.id, details)
