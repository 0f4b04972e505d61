"""All SQL on tries of unknown codes."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, select, type_coerce

from core.sdk.data import Repository, Statement, Upserting, given
from plugins.passes.models import Miss

_OF_HOLDER = Statement(
    select(Miss).where(Miss.holder_id == given("holder_id")), refresh=True
)
_STALE = Miss.since <= given("stale")
_NOTE = Upserting(
    Miss,
    "holder_id",
    "since",
    "misses",
    conflict=("holder_id",),
    update={
        "since": case(
            (_STALE, type_coerce(given("now"), Miss.since.type)), else_=Miss.since
        ),
        "misses": case((_STALE, 1), else_=Miss.misses + 1),
    },
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
        first = {"holder_id": holder_id, "since": now, "misses": 1}
        row = _NOTE.run(self.session, first, now=now, stale=now - window)
        if row is None:
            raise LookupError("The count of a caller was neither made nor raised.")
        return row
