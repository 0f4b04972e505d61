"""Days, weeks and months on a gym's wall clock."""

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from plugins.passes.domain.kinds import Per


def day_begins(day: date, zone: tzinfo) -> datetime:
    """The moment a date begins, in UTC.

    Each midnight is converted by itself: days with a clock change have other lengths.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of_days(days: int, first: date, zone: tzinfo) -> datetime:
    """The moment after ``days`` dates, the first included."""
    return day_begins(first + timedelta(days=days), zone)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last where it has none such."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, length))


def next_end(first: date, ends_on: date, months: int) -> date:
    """When the period ends that follows one which ended on ``ends_on``.

    What began on the 31st ends on the last day of a shorter month, and on the 31st
    again in a longer one. Where a pause has moved the end, it is counted from there.
    """
    passed = (ends_on.year - first.year) * 12 + ends_on.month - first.month
    if months_after(first, passed) == ends_on:
        return months_after(first, passed + months)
    return months_after(ends_on, months)


def period_around(
    moment: datetime, per: Per, zone: tzinfo
) -> tuple[datetime, datetime]:
    """The week, from Monday, or the month of a moment: its beginning and its end."""
    day = moment.astimezone(zone).date()
    if per is Per.WEEK:
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = months_after(first, 1)
    return day_begins(first, zone), day_begins(after, zone)
