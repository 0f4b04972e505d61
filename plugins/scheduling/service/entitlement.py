"""What a gym wants of whoever books, where it wants anything: something to pay with."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.sdk.base import current, hooks, utc_now
from plugins.scheduling.errors import NoEntitlement
from plugins.scheduling.hooks import Entitlement, SessionFacts
from plugins.scheduling.models import TrainingSession


def take(row: TrainingSession) -> None:
    """Takes a use for a session that was just booked, where the gym demands one.

    Where no plugin keeps entitlements, or none that is on, nobody is asked for one.

    Raises:
        NoEntitlement: The client holds nothing that covers the session.
    """
    if not _settings().get("require_entitlement", False):
        return
    answer: Entitlement | None = hooks().take_entitlement(
        client_id=row.client_id, session_id=row.id, starts_at=row.starts_at
    )
    if answer is not None and answer.holding_id is None:
        raise NoEntitlement(details={"reasons": list(answer.reasons)})


def give_back(row: TrainingSession) -> None:
    """Gives a canceled session's use back, unless it was canceled too late.

    What the platform cancels by itself, as when a coach is erased, is never too late.
    """
    window = timedelta(hours=_settings().get("late_cancel_hours", 24))
    late = row.starts_at - utc_now() < window
    if not late or current().actor.kind == "system":
        hooks().return_entitlement(session_id=row.id)


def facts(row: TrainingSession | None) -> SessionFacts | None:
    """A session as other plugins see it."""
    if row is None:
        return None
    return SessionFacts(
        session_id=row.id,
        client_id=row.client_id,
        coach_id=row.coach_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=row.status,
    )


def _settings() -> Mapping[str, Any]:
    return current().require_gym().plugin_settings.get("scheduling", {})
