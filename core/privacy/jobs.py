"""Jobs of privacy: exports, erasures, and what is deleted every night."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from core.clock import utc_now
from core.jobs.actor import WhenOff, actor
from core.jobs.current import current_job, step
from core.jobs.schedule import Every
from core.privacy import erasing, exporting, retaining
from core.privacy.models import RequestStatus
from core.privacy.repository import requests

_LONG: Final = timedelta(hours=2)


@actor("privacy.export", stepwise=True, when_off=WhenOff.RUN, heartbeat=_LONG)
def export(*, request_id: UUID) -> None:
    """Builds the archive of a request; safe to run again."""
    _held(request_id, lambda: exporting.build(request_id, step))


@actor("privacy.erase", stepwise=True, when_off=WhenOff.RUN, heartbeat=_LONG)
def erase(*, request_id: UUID) -> None:
    """Erases a person; goes on where an earlier attempt stopped."""
    _held(request_id, lambda: erasing.erase(request_id, step))


@actor("privacy.retain", stepwise=True, when_off=WhenOff.RUN, heartbeat=_LONG)
def retain() -> None:
    """Deletes what was kept long enough."""
    retaining.retain(step)


def _held(request_id: UUID, work: Callable[[], None]) -> None:
    """Does the work; a failure of the last attempt is shown at the request."""
    try:
        work()
    except Exception as error:
        if current_job().last_attempt:
            reason = type(error).__name__
            step(lambda: _note_failure(request_id, reason))
        raise


def _note_failure(request_id: UUID, reason: str) -> None:
    """Shows the kind of error; when the job is run again, the request is open again."""
    request = requests.find(request_id, lock=True)
    if request is not None and request.status == RequestStatus.PENDING:
        request.status = RequestStatus.FAILED.value
        request.error = f"{reason}; the job was given up."
        request.finished_at = utc_now()


ACTORS: Final = (export, erase, retain)
SCHEDULES: Final = (Every("privacy.nightly", "40 2 * * *", retain),)
