"""Decisions of lockers, in plain Python."""

from datetime import datetime, timedelta


def tidy(text: str) -> str:
    """A text as it is stored: single spaces, none at the ends."""
    return " ".join(text.split())


def due_at(starts_at: datetime, days: int) -> datetime:
    """Until when a locker is rented that is taken for a number of days."""
    return starts_at + timedelta(days=days)


def is_overdue(due: datetime, returned: datetime | None, now: datetime) -> bool:
    """Whether a locker should have been given back and was not."""
    return returned is None and due < now


def refund(deposit: int, kept: int) -> int | None:
    """What goes back of a deposit, in minor units; None when more is kept than paid."""
    return deposit - kept if kept <= deposit else None
