"""The one place that asks what time it is, so that tests can stop the clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen_now", default=None)


def utc_now() -> datetime:
    """Returns the current moment, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


def as_rfc3339(moment: datetime) -> str:
    """Writes an aware moment the way the API does: UTC, ending in ``Z``."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat()[:-6]}Z"


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Stops the clock at ``moment`` (aware) in this thread or task."""
    if moment.tzinfo is None:
        raise ValueError("A frozen moment needs a time zone.")
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
