"""All SQL on tries of unknown codes."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, select

from core.sdk.data import Repository, Statement, given, upsert
from plugins.passes.models import Miss

_OF_HOLDER = Statement(
    select(Miss).where(Miss.holder_id == given("holder_id")), refresh=True
)


class MissRepository(Repository[Miss]):
    """How many unknown codes each caller tried lately."""

    model = Miss

    def of(self, holder_id: UUID) -> Miss | None:
        """Returns a caller's count; None where there is none."""
        found: Miss | None = self.session.read_one(_OF_HOLDER, holder_id=holder_id)
        return found

    def note(self, holder_id: UUID, now: datetime, window: timedelta) -> Miss:
        """Counts one more; a count older than ``window`` begins anew.

        One statement, so that tries at the same time are all counted.
        """
        stale = Miss.since <= now - window
        [row] = upsert(
            self.session,
            Miss,
            [{"holder_id": holder_id, "since": now, "misses": 1}],
            conflict=("tenant_id", "holder_id"),
            update={
                "since": case((stale, now), else_=Miss.since),
                "misses": case((stale, 1), else_=Miss.misses + 1),
            },
        )
        return row
