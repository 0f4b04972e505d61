"""What can be counted in this gym."""

from itertools import chain

from core.sdk.base import current, hooks
from plugins.milestones.errors import CounterUnknown
from plugins.milestones.hooks import Counter

SESSIONS = Counter(
    name="sessions_completed", title="Sessions completed", unit="sessions"
)
"""Counted by milestones itself, from what scheduling tells."""


def own() -> list[Counter]:
    """What milestones counts by itself, as far as the features for it are on."""
    is_on = "scheduling" in current().require_gym().plugins
    return [SESSIONS] if is_on else []


def available() -> dict[str, Counter]:
    """Every counter of the features that are on, by name; the first of a name."""
    found: dict[str, Counter] = {}
    for counter in chain.from_iterable(hooks().milestone_counters()):
        found.setdefault(counter.name, counter)
    return found


def require_counter(name: str) -> None:
    """Refuses what nobody counts.

    Raises:
        CounterUnknown: No feature that is on gives it.
    """
    known = available()
    if name not in known:
        raise CounterUnknown(details={"counter": name, "known": sorted(known)})
