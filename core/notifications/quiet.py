"""Quiet hours: when a gym's people are not to be woken."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

from core.context import Gym
from core.plugin.settings import setting

START = "notifications.quietHours.start"
END = "notifications.quietHours.end"

_AHEAD_DAYS = 2
_HOUR = timedelta(hours=1)
_EXACT = timedelta(seconds=1)


def end_of_quiet(
    moment: datetime, *, start: time, end: time, zone: tzinfo
) -> datetime | None:
    """When the quiet hours end that ``moment`` falls into; None where it does not.

    The clock on the wall decides: it is quiet from ``start`` until just before
    ``end``, over midnight where ``end`` is earlier, and never where they are equal. An
    hour that comes twice is quiet twice. Where a clock change leaves ``end`` out, the
    quiet ends with the change.

    Args:
        moment: With an offset.
        start: Of the quiet hours, on the clock in ``zone``.
        end: Likewise.
        zone: The gym's.

    Returns:
        The first moment after ``moment``, in UTC, at which it is not quiet.
    """
    found = moment.astimezone(UTC)
    if start == end or not _is_quiet(found, start, end, zone):
        return None
    # Nothing but the clock's reaching the end, or its being put, ends the quiet.
    ends = (*_readings(found, end, zone), *_changes(found, zone))
    return min(
        one for one in ends if one > found and not _is_quiet(one, start, end, zone)
    )


def end_of_quiet_in(gym: Gym, moment: datetime) -> datetime | None:
    """When the quiet hours of a gym end; None where it is not quiet, or never is."""
    start, end = setting(gym, START), setting(gym, END)
    if start is None or end is None:
        return None
    return end_of_quiet(
        moment,
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        zone=gym.zone,
    )


def _is_quiet(moment: datetime, start: time, end: time, zone: tzinfo) -> bool:
    clock = moment.astimezone(zone).time()
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end


def _readings(after: datetime, clock: time, zone: tzinfo) -> Iterator[datetime]:
    """When the clock shows ``clock`` in the next days; twice where it is put back."""
    today = after.astimezone(zone).date()
    for days in range(_AHEAD_DAYS + 1):
        for fold in (0, 1):
            day = today + timedelta(days=days)
            yield datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC)


def _changes(after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """When the clock is put forward or back in the next days."""
    for hour in range(_AHEAD_DAYS * 24 + 1):
        low = after + hour * _HOUR
        high = low + _HOUR
        before = _offset(low, zone)
        if _offset(high, zone) == before:
            continue
        while high - low > _EXACT:
            middle = low + (high - low) / 2
            if _offset(middle, zone) == before:
                low = middle
            else:
                high = middle
        yield high.replace(microsecond=0)


def _offset(moment: datetime, zone: tzinfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
