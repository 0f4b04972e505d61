"""The kit's helpers for what happens behind requests."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from core.clock import utc_now
from core.jobs.runner import Outcome
from core.sdk.jobs import enqueue
from core.sdk.notifications import send_mail
from core.testing import frozen_at
from core.testing.background import run_jobs
from core.testing.emitted import Emitted
from core.testing.kit import TestGym
from core.testing.mail import MailServer
from plugins.scheduling.hooks import SessionBooked, SessionEvent, SessionMoved
from tests.contract.world import booking

WORDS = {"title": "Open day", "text": "Bring a friend."}


def write_to(gym: TestGym, role: str) -> None:
    with gym.unit():
        send_mail(
            template="notifications.message",
            variables=WORDS,
            to_user_id=gym.user(role),
        )


def test_jobs_of_this_gym_are_run_and_no_others(
    gym: TestGym, other_gym: TestGym, mailbox: MailServer
) -> None:
    write_to(gym, "coach")
    write_to(other_gym, "coach")
    assert run_jobs(gym) == [("notifications.deliver", Outcome.DONE)]
    (mail,) = mailbox.messages
    assert mail["Subject"] == "Open day \N{EN DASH} Test Gym"
    assert mailbox.to(gym.email("coach")) != []
    assert mailbox.to(other_gym.email("coach")) == []
    assert run_jobs(gym) == []


def test_jobs_for_later_wait_until_the_clock_says_so(gym: TestGym) -> None:
    tomorrow = utc_now() + timedelta(days=1)
    with gym.unit():
        enqueue("files.tidy", args={}, run_at=tomorrow)
    assert run_jobs(gym) == []
    with frozen_at(tomorrow):
        assert run_jobs(gym) == [("files.tidy", Outcome.DONE)]


def test_a_job_that_fails_fails_the_test_unless_it_may(
    gym: TestGym, mailbox: MailServer
) -> None:
    write_to(gym, "coach")
    mailbox.replies.append("451 Not now")
    assert run_jobs(gym, failing=True) == [("notifications.deliver", Outcome.FAILED)]
    write_to(gym, "coach")
    mailbox.replies.append("451 Not now")
    with pytest.raises(AssertionError, match=r"notifications\.deliver failed"):
        run_jobs(gym)


def test_events_are_noted_once_they_are_true(
    gym: TestGym, events: Callable[[], AbstractContextManager[Emitted]]
) -> None:
    with events() as seen:
        ids = booking(gym)
    (event,) = seen.of(SessionBooked)
    assert event.session_id == ids["sessionId"]
    assert seen.of(SessionEvent) == [event]
    assert seen.of(SessionMoved) == []
    with events() as seen:
        gym.api("admin").fail(
            "POST",
            "/scheduling/sessions",
            json={
                "clientId": str(ids["clientId"]),
                "coachId": str(ids["coachId"]),
                "startsAt": event.starts_at.isoformat(),
                "endsAt": event.ends_at.isoformat(),
                "ignoreAvailability": True,
            },
            expect=409,
            code="SESS_OVERLAP",
        )
    assert seen.all == []


def test_a_plugin_is_switched_with_what_builds_on_it(gym: TestGym) -> None:
    gym.disable("members")
    assert not {"members", "scheduling"} & set(gym.gym.plugins)
    gym.enable("members")
    assert "members" in gym.gym.plugins
