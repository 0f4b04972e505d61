"""Decisions of lockers."""

from datetime import UTC, datetime, timedelta

from palestra_lockers.domain import due_at, is_overdue, refund, tidy

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_rental_ends_as_many_days_later():
    assert due_at(NOON, 30) == datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_overdue_is_what_is_out_after_its_day():
    second = timedelta(seconds=1)
    assert is_overdue(NOON, None, NOON + second)
    assert not is_overdue(NOON, None, NOON)
    assert not is_overdue(NOON, NOON, NOON + second)


def test_no_more_is_kept_than_was_paid():
    assert refund(2000, 0) == 2000
    assert refund(2000, 2000) == 0
    assert refund(2000, 2001) is None


def test_texts_are_tidied():
    assert tidy(" 12  b ") == "12 b"
