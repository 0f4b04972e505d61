"""The jobs of reminders."""

from datetime import datetime
from uuid import UUID

from core.jobs.actor import WhenOff, actor
from core.notifications.reminders import planning


@actor(planning.SEND, when_off=WhenOff.DROP)
def remind(*, kind: str, subject_id: UUID, at: datetime, minutes_before: int) -> None:
    """Writes the messages of one reminder, which jobs of their own then deliver."""
    planning.remind(kind, subject_id, at, minutes_before)


@actor("notifications.plan_rule", when_off=WhenOff.DROP)
def plan_rule(*, kind: str, minutes_before: int) -> None:
    """Plans a rule that was just made, or switched on, for all that lies ahead."""
    planning.plan_anew(kind, minutes_before)


ACTORS = (remind, plan_rule)
