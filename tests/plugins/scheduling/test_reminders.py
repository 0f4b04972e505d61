"""Reminders of sessions, as they arrive by mail, telephone and inbox."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.app import Installation
from core.auth.account_models import UserContact
from core.clock import as_rfc3339, frozen_at
from core.db.unit import session
from core.notifications.office import PostOffice
from core.testing.background import run_jobs
from core.testing.mail import MailServer, captured_mail
from tests.core.notifications.smsserver import SmsServer, sms_server
from tests.plugins.scheduling.studio import Studio

RULES = "/notifications/rules"
KIND = "scheduling.session_reminder"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NUMBER = "+491701234567"


@dataclass
class Reach:
    """A client who is reached by mail and telephone, and what arrived there."""

    studio: Studio
    mail: MailServer
    phone: SmsServer

    def at(self, moment: datetime) -> None:
        """Lets the platform work as if it were a moment later than all that is due."""
        with frozen_at(moment + timedelta(seconds=1)):
            run_jobs(self.studio.gym)

    @property
    def got(self) -> tuple[int, int, int]:
        """How many reminders arrived by mail, by telephone and in the inbox."""
        inbox = self.studio.gym.api("client").get("/me/inbox")
        mails = self.mail.to(self.studio.gym.email("client"))
        return len(mails), len(self.phone.texts), len(inbox)

    def change(self, booked: dict[str, Any], **changes: Any) -> None:
        self.studio.gym.api("admin").patch(
            f"/scheduling/sessions/{booked['id']}", changes
        )


@pytest.fixture
def reach(studio: Studio, installation: Installation) -> Iterator[Reach]:
    with studio.gym.unit():
        session().add(
            UserContact(
                user_id=studio.gym.user("client"),
                type="phone",
                value=NUMBER,
                is_primary=True,
                is_verified=True,
            )
        )
    with captured_mail(installation) as mail, sms_server() as phone:
        office = installation.services.get(PostOffice)
        installation.services.put(PostOffice, replace(office, sms_url=phone.url))
        run_jobs(studio.gym)
        yield Reach(studio, mail, phone)


def test_a_day_and_an_hour_before_by_every_channel_once(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts, location="Room 2")
    reach.at(starts - DAY - timedelta(minutes=1))
    assert reach.got == (0, 0, 0)
    reach.at(starts - DAY)
    reach.at(starts - DAY)
    assert reach.got == (1, 1, 1)
    reach.at(starts - HOUR)
    reach.at(starts)
    assert reach.got == (2, 2, 2)
    [first, _second] = reach.mail.to(reach.studio.gym.email("client"))
    local = starts.astimezone(ZoneInfo("Europe/Berlin"))
    assert (
        f"{local.day}, {local.year} at {local:%I:%M %p}".replace(" 0", " ")
        in (first["Subject"])
    )
    body = first.get_body(("plain",))
    assert body is not None
    assert "Coach Person, Room 2" in body.get_content()
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert reach.phone.got[0][0].endswith(NUMBER)
    assert "Test Gym: your session is on" in reach.phone.texts[0]


def test_a_session_that_moves_takes_its_reminders_along(reach: Reach) -> None:
    starts = reach.studio.at(17)
    booked = reach.studio.book(starts)
    later = starts + timedelta(days=2)
    reach.change(
        booked,
        startsAt=as_rfc3339(later),
        endsAt=as_rfc3339(later + timedelta(hours=1)),
    )
    reach.at(starts)
    assert reach.got == (0, 0, 0)
    reach.at(later - DAY)
    reach.at(later - HOUR)
    assert reach.got == (2, 2, 2)


def test_moved_and_moved_back_it_is_reminded_of_once(reach: Reach) -> None:
    starts = reach.studio.at(17)
    booked = reach.studio.book(starts)
    for moment in (starts + timedelta(hours=5), starts):
        reach.change(
            booked,
            startsAt=as_rfc3339(moment),
            endsAt=as_rfc3339(moment + timedelta(hours=1)),
        )
    reach.at(starts - DAY)
    assert reach.got == (1, 1, 1)
    reach.at(starts + timedelta(hours=5))
    assert reach.got == (1, 1, 1)


def test_a_note_changes_nothing_about_the_reminders(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.change(reach.studio.book(starts), notes="Bring the belt")
    reach.at(starts - DAY)
    assert reach.got == (1, 1, 1)


def test_a_canceled_session_is_not_reminded_of(reach: Reach) -> None:
    starts = reach.studio.at(17)
    booked = reach.studio.book(starts)
    reach.at(starts - DAY)
    reach.change(booked, status="canceled")
    reach.at(starts - HOUR)
    reach.at(starts)
    assert reach.got == (1, 1, 1)


def test_a_gym_that_wants_none_sends_none(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    admin = reach.studio.gym.api("admin")
    admin.patch("/admin/settings", {"notifications.reminders.enabled": False})
    reach.at(starts - DAY)
    assert reach.got == (0, 0, 0)
    admin.patch("/admin/settings", {"notifications.reminders.enabled": True})
    reach.at(starts - HOUR)
    assert reach.got == (1, 1, 1)


def test_a_client_who_wants_no_mail_gets_the_rest(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    wish = {"topic": "reminders", "channel": "email", "wanted": False}
    reach.studio.gym.api("client").put(
        "/me/notification-preferences", {"choices": [wish]}
    )
    reach.at(starts - DAY)
    assert reach.got == (0, 1, 1)


def test_what_is_past_is_not_made_up_for(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    reach.at(starts + timedelta(minutes=5))
    assert reach.got == (0, 0, 0)


def test_two_that_are_late_together_are_one(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    reach.at(starts - timedelta(minutes=50))
    assert reach.got == (1, 1, 1)


def test_a_rule_that_is_switched_off_stops_what_was_planned(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    off = {"kind": KIND, "minutesBefore": 1440, "enabled": False}
    rules = reach.studio.gym.api("admin").patch(RULES, {"rules": [off]})
    assert [rule["enabled"] for rule in rules] == [False, True]
    reach.at(starts - DAY)
    assert reach.got == (0, 0, 0)
    reach.at(starts - HOUR)
    assert reach.got == (1, 1, 1)


def test_a_new_rule_holds_for_what_is_booked_already(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    new = {"kind": KIND, "minutesBefore": 240, "channels": ["inbox"]}
    reach.studio.gym.api("admin").patch(RULES, {"rules": [new]})
    run_jobs(reach.studio.gym)
    reach.at(starts - timedelta(hours=4))
    assert reach.got == (0, 0, 1)
    reach.at(starts - HOUR)
    assert reach.got == (1, 1, 2)


def test_where_scheduling_is_off_nobody_is_reminded(reach: Reach) -> None:
    starts = reach.studio.at(17)
    reach.studio.book(starts)
    admin = reach.studio.gym.api("admin")
    admin.patch("/admin/plugins/scheduling", {"enabled": False, "withDependants": True})
    reach.at(starts - DAY)
    assert reach.got == (0, 0, 0)
    assert admin.get(RULES) == []


def test_rules_are_the_admins_and_few(reach: Reach) -> None:
    gym = reach.studio.gym
    unknown = {"kind": "scheduling.party", "minutesBefore": 60}
    gym.api("admin").fail(
        "PATCH",
        RULES,
        json={"rules": [unknown]},
        expect=422,
        code="NOTIFICATION_REMINDER_UNKNOWN",
    )
    many = [{"kind": KIND, "minutesBefore": 10 + number} for number in range(9)]
    gym.api("admin").fail(
        "PATCH",
        RULES,
        json={"rules": many},
        expect=409,
        code="NOTIFICATION_TOO_MANY_RULES",
    )
    assert len(gym.api("admin").get(RULES)) == 2
    gym.api("team").fail(
        "PATCH", RULES, json={"rules": many[:1]}, expect=403, code="FORBIDDEN"
    )
