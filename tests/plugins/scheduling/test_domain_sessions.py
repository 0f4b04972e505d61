"""The life of a session, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from plugins.scheduling.domain.sessions import (
    AFTER,
    MAX_DURATION,
    MIN_DURATION,
    IllegalTransition,
    Status,
    transition,
    well_formed,
)
from plugins.scheduling.domain.walltime import Interval

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("current", Status)
@pytest.mark.parametrize("wanted", Status)
def test_only_a_scheduled_session_goes_anywhere(
    current: Status, wanted: Status
) -> None:
    if wanted is current or current is Status.SCHEDULED:
        assert transition(current, wanted, begun=True) is wanted
    else:
        with pytest.raises(IllegalTransition):
            transition(current, wanted, begun=True)


@pytest.mark.parametrize("wanted", [Status.COMPLETED, Status.NO_SHOW])
def test_who_came_is_not_known_before_the_start(wanted: Status) -> None:
    with pytest.raises(IllegalTransition, match="begun"):
        transition(Status.SCHEDULED, wanted, begun=False)


def test_a_session_may_be_canceled_before_its_start() -> None:
    assert transition(Status.SCHEDULED, Status.CANCELED, begun=False) is Status.CANCELED


def test_every_status_says_what_may_follow() -> None:
    assert set(AFTER) == set(Status)


@pytest.mark.parametrize(
    ("length", "fine"),
    [
        (timedelta(0), False),
        (-timedelta(minutes=1), False),
        (timedelta(microseconds=1), False),
        (MIN_DURATION - timedelta(microseconds=1), False),
        (MIN_DURATION, True),
        (MAX_DURATION, True),
        (MAX_DURATION + timedelta(seconds=1), False),
    ],
)
def test_the_length_of_a_session_is_bounded(
    length: timedelta,
    fine: bool,  # noqa: FBT001 — a parameter of the test
) -> None:
    assert well_formed(Interval(NOON, NOON + length)) is fine
