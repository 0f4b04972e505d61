"""The admin's dashboard."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.auth.models import User
from core.clock import utc_now
from core.dashboard import service
from core.db.unit import session
from core.db.writes import update_where
from core.ids import new_id
from core.jobs.models import JobState, OutboxJob
from core.notifications.models import Delivery, DeliveryStatus
from core.testing.kit import PASSWORD, TestGym
from core.testing.plugin import QueryCount

PATH = "/admin/dashboard/summary"


def tiles(gym: TestGym) -> dict[str, dict[str, Any]]:
    found = gym.api("admin").get(PATH)["tiles"]
    return {f"{tile['plugin']}/{tile['id']}": tile for tile in found}


Contribute = Callable[[], Sequence[Mapping[str, Any]]]


@pytest.fixture
def members_gives(
    gym: TestGym, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Contribute], None]:
    """Has the tiles of members come from somewhere else."""
    hook = gym.installation.plugins.all_gyms.dashboard_tiles
    (found,) = (one for one in hook.get_hookimpls() if one.plugin_name == "members")
    return lambda contribute: monkeypatch.setattr(found, "function", contribute)


def test_core_counts_people_messages_and_jobs(gym: TestGym) -> None:
    before = gym.api("admin").get(PATH)
    assert (before["members"], before["newMembersThisMonth"]) == (1, 1)
    assert before["staff"] == 3
    assert (before["failedNotifications"], before["deadJobs"]) == (0, 0)
    with gym.unit():
        session().add_all(
            [
                OutboxJob(kind="x.y", state=JobState.DEAD),
                OutboxJob(kind="x.y", state=JobState.DONE),
                Delivery(
                    channel="email",
                    topic="news",
                    to_address="a@b.example",
                    template="t",
                    locale="en",
                    status=DeliveryStatus.FAILED,
                ),
            ]
        )
    after = gym.api("admin").get(PATH)
    assert (after["failedNotifications"], after["deadJobs"]) == (1, 1)


def test_who_joined_last_month_is_not_new_and_who_is_shut_out_does_not_count(
    gym: TestGym,
) -> None:
    client = gym.user("client")
    long_ago = utc_now() - timedelta(days=32)
    with gym.unit():
        update_where(
            session(), User, User.id == client, values={"created_at": long_ago}
        )
    seen = gym.api("admin").get(PATH)
    assert (seen["members"], seen["newMembersThisMonth"]) == (1, 0)
    gym.api("admin").patch(f"/users/{client}", {"status": "disabled"})
    assert gym.api("admin").get(PATH)["members"] == 0


def test_another_gym_s_rows_do_not_count(gym: TestGym, other_gym: TestGym) -> None:
    other_gym.user("client")
    with other_gym.unit():
        session().add(OutboxJob(kind="x.y", state=JobState.DEAD, id=new_id()))
    assert gym.api("admin").get(PATH)["deadJobs"] == 0


def test_plugins_contribute_tiles_while_they_are_on(gym: TestGym) -> None:
    person = {"email": "ada@example.com", "name": "Ada", "role": "client"}
    gym.api("admin").post("/auth/register", {**person, "password": PASSWORD})
    shown = tiles(gym)
    assert shown["members/members.active"]["value"] == 1
    assert shown["scheduling/sessionsToday"]["status"] == "ok"
    gym.api("admin").patch("/admin/plugins/scheduling", {"enabled": False})
    left = {name.partition("/")[0] for name in tiles(gym)}
    assert left == {"members", "milestones", "passes"}


def fails() -> Sequence[Mapping[str, Any]]:
    raise LookupError("anna@example.com is nowhere")


def fails_in_the_database() -> Sequence[Mapping[str, Any]]:
    session().connection().execute(text("SELECT 1/0"))
    return []


def gives_no_value() -> Sequence[Mapping[str, Any]]:
    return [{"id": "odd", "title": "Odd", "value": object()}]


@pytest.mark.parametrize("broken", [fails, fails_in_the_database, gives_no_value])
def test_a_plugin_that_fails_breaks_its_own_tile_only(
    gym: TestGym, members_gives: Callable[[Contribute], None], broken: Contribute
) -> None:
    members_gives(broken)
    shown = tiles(gym)
    assert shown["members/members"] == {
        "id": "members",
        "plugin": "members",
        "title": "members",
        "value": None,
        "unit": None,
        "status": "error",
    }
    assert shown["scheduling/sessionsToday"]["status"] == "ok"


def test_a_tile_of_zero_is_no_error() -> None:
    assert service.Tile("t", "p", "T", 0).status == "ok"


@pytest.mark.parametrize("role", ["client", "coach", "partner"])
def test_only_staff_may_look(gym: TestGym, role: str) -> None:
    gym.api(role).fail("GET", PATH, expect=403, code="FORBIDDEN")
    assert gym.api("team").get(PATH)["staff"] == 3


def test_it_takes_a_fixed_number_of_statements(
    gym: TestGym, count_queries: Callable[[], QueryCount]
) -> None:
    gym.api("admin").get(PATH)
    with count_queries() as queries:
        gym.api("admin").get(PATH)
    # Three of core, two of scheduling, one of each other plugin; and a savepoint around
    # each plugin, which is two.
    assert len([one for one in queries.statements if "SELECT" in one]) == 8
    assert len(queries) == 8 + 4 * 2
