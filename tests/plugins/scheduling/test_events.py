"""What scheduling tells others, and what of it leaves the platform."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.app import Installation
from core.clock import as_rfc3339, utc_now
from core.jobs.events import Listeners, public_name
from core.sdk.base import Conflict
from plugins.scheduling import hooks
from plugins.scheduling.hooks import (
    SessionBooked,
    SessionCanceled,
    SessionCompleted,
    SessionEvent,
    SessionMoved,
    SessionNoShow,
)
from plugins.scheduling.plugin import plugin
from plugins.scheduling.service import sessions
from tests.plugins.scheduling.studio import Studio


@pytest.fixture
def heard(installation: Installation) -> Iterator[list[Any]]:
    """The events that are emitted, in order."""
    events: list[Any] = []
    before = installation.services.get(Listeners)
    installation.services.put(Listeners, Listeners(events.append))
    yield events
    installation.services.put(Listeners, before)


def path(booked: dict[str, Any]) -> str:
    return f"/scheduling/sessions/{booked['id']}"


def test_a_booking_is_told_with_the_session_as_it_is(
    studio: Studio, heard: list[Any]
) -> None:
    booked = studio.book(studio.at(9), by="client", notes="Left knee hurts.")
    assert heard == [
        SessionBooked(
            session_id=UUID(booked["id"]),
            version=1,
            starts_at=studio.at(9),
            ends_at=studio.at(10),
            client_id=UUID(studio.client),
            coach_id=UUID(studio.coach),
            status="scheduled",
        )
    ]


def test_a_move_is_told_with_the_new_times(studio: Studio, heard: list[Any]) -> None:
    booked = studio.book(studio.at(9))
    later = {
        "startsAt": as_rfc3339(studio.at(11)),
        "endsAt": as_rfc3339(studio.at(12)),
    }
    moved = studio.admin.patch(path(booked), later)
    _, told = heard
    assert type(told) is SessionMoved
    assert (told.starts_at, told.ends_at) == (studio.at(11), studio.at(12))
    assert told.version == moved["version"] == 2
    studio.admin.patch(path(booked), later)
    studio.admin.patch(path(booked), {"notes": "Bring shoes."})
    assert len(heard) == 2


def test_moved_and_canceled_at_once_are_both_told(
    studio: Studio, heard: list[Any]
) -> None:
    booked = studio.book(studio.at(9))
    ends = as_rfc3339(studio.at(10.5))
    changed = studio.admin.patch(path(booked), {"endsAt": ends, "status": "canceled"})
    kinds = [type(event) for event in heard]
    assert kinds == [SessionBooked, SessionMoved, SessionCanceled]
    assert {event.version for event in heard[1:]} == {changed["version"]}
    assert {event.status for event in heard[1:]} == {"canceled"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("canceled", SessionCanceled),
        ("completed", SessionCompleted),
        ("no_show", SessionNoShow),
    ],
)
def test_what_became_of_a_session_is_told_once(
    studio: Studio, heard: list[Any], status: str, kind: type[SessionEvent]
) -> None:
    booked = studio.book(utc_now().replace(microsecond=0) - timedelta(minutes=30))
    settled = studio.admin.patch(path(booked), {"status": status})
    studio.admin.patch(path(booked), {"status": status})
    _, told = heard
    assert type(told) is kind
    assert (told.status, told.version) == (status, settled["version"])


def test_what_was_refused_is_not_told(studio: Studio, heard: list[Any]) -> None:
    booked = studio.book(studio.at(9))
    studio.refused(studio.at(9.5), "SESS_OVERLAP", expect=409)
    studio.admin.fail(
        "PATCH",
        path(booked),
        json={"status": "completed"},
        expect=409,
        code="SESS_ILLEGAL_TRANSITION",
    )
    assert len(heard) == 1


def test_a_rolled_back_change_reaches_nobody(studio: Studio) -> None:
    api = studio.admin
    api.post(
        "/admin/webhooks",
        {"url": "https://hooks.example.com/", "types": ["scheduling.session.moved"]},
    )
    booked = studio.book(studio.at(9))

    def change() -> None:
        with studio.gym.unit("admin"):
            sessions.change(
                session_id=UUID(booked["id"]),
                changes={"ends_at": studio.at(10.5)},
                expected_version=None,
            )
            raise Conflict

    with pytest.raises(Conflict):
        change()
    [endpoint] = api.get("/admin/webhooks")
    deliveries = f"/admin/webhooks/{endpoint['id']}/deliveries"
    assert api.get(deliveries) == []
    studio.admin.patch(path(booked), {"endsAt": as_rfc3339(studio.at(10.5))})
    [delivery] = api.get(deliveries)
    assert delivery["type"] == "scheduling.session.moved"


def declared() -> Sequence[type[SessionEvent]]:
    return [
        kind
        for kind in vars(hooks).values()
        if isinstance(kind, type)
        and issubclass(kind, SessionEvent)
        and kind is not SessionEvent
    ]


def test_the_manifest_lists_exactly_the_public_events() -> None:
    names = [public_name(kind) for kind in declared()]
    assert sorted(filter(None, names)) == sorted(plugin.manifest.events_emitted)
    assert len(names) == 5
