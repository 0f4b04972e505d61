"""The list of erased persons, and erasing again after a restore."""

from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.app import Installation
from core.audit.models import PersonKey
from core.auth.models import User
from core.cli.privacy import privacy
from core.clock import utc_now
from core.db.writes import update_where
from core.ids import new_id
from core.privacy.ledger import FILE, Erased, Ledger
from core.privacy.reapplying import reapply
from core.testing.kit import TestGym
from plugins.members.models import Client
from tests.core.privacy.conftest import GOAL, Desk, left_of

Ids = dict[str, UUID]


@pytest.fixture(autouse=True)
def empty_list(installation: Installation) -> None:
    """Other tests erase people of the same installation, some by half."""
    for path in (installation.settings.server.home / "erasures").glob("*.log"):
        path.unlink()


def somebody() -> Erased:
    return Erased(new_id(), new_id())


def test_it_is_private_and_holds_ids_alone(tmp_path: Path) -> None:
    ledger, one = Ledger(tmp_path / "erasures"), somebody()
    ledger.append(one, utc_now())
    path = tmp_path / "erasures" / FILE
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    at, gym, person = path.read_text().split()
    assert (gym, person) == (str(one.tenant_id), str(one.person_id))
    assert at.endswith("Z")


def test_lines_are_read_once_and_torn_ones_closed(tmp_path: Path) -> None:
    ledger, people = Ledger(tmp_path), [somebody() for _ in range(3)]
    assert ledger.read() == []
    ledger.append(people[0], utc_now())
    with (tmp_path / FILE).open("a") as file:
        file.write("2026-03-01T09:00:00Z 01a0")
    ledger.append(people[1], utc_now())
    ledger.append(people[0], utc_now())
    other = Ledger(tmp_path / "other")
    other.append(people[2], utc_now())
    (tmp_path / "other" / FILE).rename(tmp_path / "second-machine.log")
    assert ledger.read() == people


def resurrected(gym: TestGym, person: UUID) -> None:
    """Puts back what a backup of before the erasure would."""
    with gym.unit() as here:
        user = here.scalars(select(User).where(User.id == person)).one()
        user.email, user.name = gym.email("client"), "Client Person"
        user.status, user.erased_at = "active", None
        here.add(Client(id=person, status_since=utc_now(), goals=[GOAL]))
        here.flush()
        whole = {"destroyed_at": None}
        update_where(here, PersonKey, PersonKey.id == person, values=whole)


def test_a_restore_brings_nobody_back(desk: Desk, life: Ids) -> None:
    gym, person = desk.gym, life["clientId"]
    desk.erase()
    assert reapply(gym.installation) == 0
    resurrected(gym, person)
    assert any(GOAL in line for line in left_of(gym, person))
    assert reapply(gym.installation) == 1
    assert [one for one in left_of(gym, person) if "users." not in one] == []
    with gym.unit() as here:
        user = here.scalars(select(User).where(User.id == person)).one()
        assert user.email == f"{person}@erased.invalid"
    listed = gym.api("admin").get("/privacy/requests", query={"kind": "erase"})
    assert [one["status"] for one in listed] == ["done", "done"]
    assert listed[0]["requestedBy"] is None
    assert reapply(gym.installation) == 0


def test_strangers_on_the_list_are_passed_over(
    desk: Desk, life: Ids, other_gym: TestGym
) -> None:
    """A gym that is gone, and a person who came after the backup, or of another gym."""
    ledger = desk.gym.installation.ledger
    for stray in (
        somebody(),
        Erased(desk.gym.id, new_id()),
        Erased(other_gym.id, life["clientId"]),
    ):
        ledger.append(stray, utc_now())
    assert reapply(desk.gym.installation) == 0
    assert left_of(desk.gym, life["clientId"]) != []


def test_the_command_does_it(desk: Desk, life: Ids) -> None:
    desk.erase()
    resurrected(desk.gym, life["clientId"])
    for told in ("1 persons erased again.", "0 persons erased again."):
        result = CliRunner().invoke(privacy, ["reapply"], obj=desk.gym.installation)
        assert (result.exit_code, result.output.splitlines()[-1]) == (0, told)
