"""Moments in templates, as the reader writes them and by the gym's clock."""

from zoneinfo import ZoneInfo

import pytest

from core.notifications.errors import Refused
from core.notifications.sandbox import LANGUAGE, ZONE, Program

SOURCE = "{{ at | day }}, {{ at | clock }}"


def rendered(at: str, language: str, zone: str = "Europe/Berlin") -> str:
    program = Program(SOURCE, label="probe", html=False)
    return program.render({"at": at, LANGUAGE: language, ZONE: ZoneInfo(zone)})


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Monday, March 2, 2026, 6:00 PM"),
        ("de", "Montag, 2. März 2026, 18:00"),
        ("de-AT", "Montag, 2. März 2026, 18:00"),
        ("xx", "Monday, March 2, 2026, 6:00 PM"),
    ],
)
def test_each_language_writes_them_its_own_way(language: str, written: str) -> None:
    assert rendered("2026-03-02T17:00:00Z", language) == written


@pytest.mark.parametrize(
    ("at", "written"),
    [
        ("2026-03-29T00:30:00Z", "Sonntag, 29. März 2026, 01:30"),
        ("2026-03-29T01:00:00Z", "Sonntag, 29. März 2026, 03:00"),
        ("2026-10-25T01:30:00Z", "Sonntag, 25. Oktober 2026, 02:30"),
    ],
)
def test_clock_changes_are_the_gyms(at: str, written: str) -> None:
    assert rendered(at, "de") == written


@pytest.mark.parametrize("at", ["soon", "2026-03-02T17:00:00", "17:00"])
def test_what_is_no_moment_fails_visibly(at: str) -> None:
    with pytest.raises(Refused):
        rendered(at, "en")
