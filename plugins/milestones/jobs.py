"""Jobs of milestones: counting what happened, evaluating, handing gifts over."""

from uuid import UUID

from core.sdk.jobs import WhenOff, actor
from plugins.milestones.service import counting, dispatch, evaluation
from plugins.scheduling.hooks import SessionEvent


@actor("milestones.on_session_settled", when_off=WhenOff.PARK)
def on_session_settled(event: SessionEvent) -> None:
    """Counts a session once it is known whether it took place."""
    counting.count_session(event)


@actor("milestones.evaluate", when_off=WhenOff.PARK)
def evaluate(*, client_ids: list[UUID]) -> None:
    """Evaluates some clients."""
    evaluation.evaluate(client_ids)


@actor("milestones.evaluate_all", when_off=WhenOff.PARK)
def evaluate_all() -> None:
    """Has everybody evaluated; also every night, as windows and streaks run on."""
    evaluation.queue_all()


@actor("milestones.dispatch_gift", when_off=WhenOff.PARK)
def dispatch_gift(*, gift_id: UUID) -> None:
    """Hands a gift over, unless that is done."""
    dispatch.hand_over(gift_id)


ACTORS = (on_session_settled, evaluate, evaluate_all, dispatch_gift)
