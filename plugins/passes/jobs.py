"""Background work of passes."""

from core.sdk.jobs import WhenOff, actor, enqueue
from plugins.passes.service import expiry


@actor("passes.expire_due", when_off=WhenOff.PARK)
def expire_due() -> None:
    """Renews and expires what is due; where that is much, in several jobs."""
    if expiry.settle_due():
        enqueue(expire_due)
