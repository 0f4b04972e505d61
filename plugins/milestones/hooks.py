"""What milestones offers the other plugins: counters, counting, and an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.sdk.jobs import public_event
from core.sdk.plugin import hookspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Something that can be counted.

    Attributes:
        name: Lower case with underscores; unique in the installation.
        title: As staff read it, in English.
        unit: What one of it is, in the plural, in English.
    """

    name: str
    title: str
    unit: str


@public_event("milestones.milestone.achieved")
@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneAchieved:
    """A client reached a milestone.

    Attributes:
        occurrence: 1 for the first time, 2 for the second.
        achieved_at: When what reached it happened, which may be a while ago.
    """

    achievement_id: UUID
    definition_id: UUID
    client_id: UUID
    title: str
    occurrence: int
    achieved_at: datetime


class MilestonesHooks:
    """Hook specifications of milestones."""

    @hookspec
    def milestone_counters(self) -> Sequence[Counter]:
        """Gives what the plugin counts by `count_towards_milestones`."""

    @hookspec(firstresult=True)
    def count_towards_milestones(
        self,
        client_id: UUID,
        counter: str,
        amount: int,
        source_id: UUID,
        at: datetime,
        version: int,
    ) -> bool | None:
        """Says what a thing counts for a client; None while milestones is off.

        In the caller's transaction. The same call again changes nothing. To correct
        what was said, say it again with a higher version, and 0 for what does not
        count any more. The highest version holds, in whatever order they come.

        Args:
            client_id: Whose thing it is. To give it to another client, say 0 for the
                first one, and then, with the next version, the amount for the other.
            counter: A name that ``milestone_counters`` gives.
            amount: What it counts, from 0 to 1 000 000.
            source_id: The thing's own id: a session, a workout, a posting of points.
            at: When it happened, which decides on its date and week.
            version: The thing's, from 1.

        Returns:
            Whether this was news; False for an id that is no client's.

        Raises:
            ValueError: Amount or version is out of bounds.
        """
