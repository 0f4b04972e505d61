"""Erasing a closed gym, and nothing else."""

from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import Table, func, select

from core.app import Installation
from core.app.background import _erase
from core.clock import utc_now
from core.db.base import Base
from core.files.desk import desk
from core.files.store import incoming_key, object_key
from core.http.pipeline import Palestra
from core.ids import new_id
from core.privacy.holders import privacy
from core.privacy.ledger import Erased
from core.testing.kit import TestGym
from tenants import erasure
from tenants.cli import tenants
from tenants.erasure import Erasure
from tenants.errors import GymExists, GymNotClosed
from tests.tenants.operating import (
    OperatorApi,
    desk_of,
    new_operator,
    password_hash,
)


@pytest.fixture
def api(app: Palestra, installation: Installation) -> OperatorApi:
    return OperatorApi(app, desk_of(app).issue(new_operator(installation)))


@pytest.fixture
def erase(installation: Installation) -> Erasure:
    return Erasure(installation.units("operator"), installation.anchors)


def rows_of(installation: Installation, gym_id: UUID) -> dict[str, int]:
    found = {}
    with installation.units("operator").open(gym_id) as session:
        for table in Base.metadata.sorted_tables:
            if "tenant_id" in table.columns:
                counted = _count(table, gym_id)
                number = session.connection().execute(counted).scalar_one()
                found[table.name] = number
    return {name: number for name, number in found.items() if number}


def _count(table: Table, gym_id: UUID) -> Any:
    chosen = table.c.tenant_id == gym_id
    return select(func.count()).select_from(table).where(chosen)


def fill(gym: TestGym) -> str:
    """Rows in many tables, an anchor and a file; returns the file's key."""
    gym.api("admin").post(
        "/members/clients", {"email": "ava@people.example", "name": "Ava Adler"}
    )
    key = object_key(gym.id, new_id())
    with gym.unit():
        content = BytesIO(b"a picture")
        desk().store.keep(key, content, name="a.png", media_type="image/png")
    path = gym.installation.anchors.path(gym.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("an anchor\n")
    return key


def close(gym: TestGym, api: OperatorApi) -> None:
    api.call("POST", f"/gyms/{gym.id}/close")


def test_nothing_is_left_and_the_neighbour_keeps_everything(
    gym: TestGym, other_gym: TestGym, api: OperatorApi, erase: Erasure
) -> None:
    installation = gym.installation
    key, kept = fill(gym), fill(other_gym)
    before = rows_of(installation, other_gym.id)
    assert len(before) >= 5
    close(gym, api)
    assert erase.finish(erase.begin(gym.slug)) > 10
    assert rows_of(installation, gym.id) == {}
    assert rows_of(installation, other_gym.id) == before
    with other_gym.unit():
        store = desk().store
    assert (store.size(key), store.size(kept)) == (None, 9)
    assert not installation.anchors.path(gym.id).exists()
    assert installation.anchors.path(other_gym.id).exists()
    gym.api().fail("GET", "/openapi.json", expect=404, code="TENANT_UNKNOWN")
    other_gym.api("admin").get("/me")


def test_nothing_of_it_is_left_on_the_disk(
    gym: TestGym, other_gym: TestGym, api: OperatorApi, erase: Erasure
) -> None:
    installation = gym.installation
    home = installation.settings.server.home
    before = files_in(home)
    for one in (gym, other_gym):
        fill(one)
        with one.unit():
            desk().store.receive(incoming_key(one.id, new_id()), BytesIO(b"half"))
            with privacy().archives.written(one.id, new_id()) as archive:
                archive.write(b"all that is known of Ava")
        folder = privacy_folder(installation, one)
        (folder / f"{new_id()}.palestra").write_bytes(b"a whole gym")
        (folder / f".{new_id()}.1").write_bytes(b"half a gym")
        installation.ledger.append(Erased(one.id, new_id()), utc_now())
    theirs = [path for path in files_in(home) if str(other_gym.id) in path]
    assert len([path for path in files_in(home) if str(gym.id) in path]) >= 6
    close(gym, api)
    erase.finish(erase.begin(gym.slug))
    left = files_in(home)
    assert [path for path in left if str(gym.id) in path] == []
    assert [path for path in left if str(other_gym.id) in path] == theirs
    # The list of erased persons holds ids alone; a restored backup needs it.
    assert set(left) - set(before) - set(theirs) <= {"erasures/erased.log"}


def test_what_came_late_goes_as_well(
    gym: TestGym, api: OperatorApi, erase: Erasure
) -> None:
    close(gym, api)
    erase.begin(gym.slug)
    erase.finish_all()
    assert erase.finish_all() == 0
    folder = privacy_folder(gym.installation, gym)
    folder.mkdir(parents=True)
    (folder / "late.zip").write_bytes(b"written by a process that did not know")
    assert erase.finish_all() == 1
    assert not folder.exists()


def files_in(home: Path) -> list[str]:
    """Files, and the folders that are named after a gym or lie in one."""
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() or len(path.relative_to(home).parts) > 1
    )


def privacy_folder(installation: Installation, gym: TestGym) -> Path:
    return installation.settings.server.home / "exports" / str(gym.id)


def test_only_a_closed_gym_goes(gym: TestGym, api: OperatorApi, erase: Erasure) -> None:
    for verb in (None, "suspend"):
        if verb:
            api.call("POST", f"/gyms/{gym.id}/{verb}")
        with pytest.raises(GymNotClosed):
            erase.begin(gym.slug)
        with pytest.raises(GymNotClosed):
            erase.finish(gym.id)
        body = {"slug": gym.slug}
        path = f"/gyms/{gym.id}/erase"
        api.fail("POST", path, 409, "TENANT_NOT_CLOSED", json=body)
    assert rows_of(gym.installation, gym.id)


def test_the_slug_stays_taken(gym: TestGym, api: OperatorApi, erase: Erasure) -> None:
    close(gym, api)
    erase.finish(erase.begin(gym.slug))
    with pytest.raises(GymExists):
        gym.installation.directory.create(
            erase.units,
            slug=gym.slug,
            name="Another",
            timezone="Europe/Berlin",
            locale="en",
            currency="EUR",
            admin_email=gym.email("admin"),
            admin_name="Ada Admin",
            admin_password_hash=password_hash(),
        )
    assert api.call("GET", "/gyms", query={"q": gym.slug}) == []
    found = api.call("GET", "/gyms", query={"q": gym.slug, "status": "erased"})
    assert [one["id"] for one in found] == [str(gym.id)]


def test_an_erasure_that_was_cut_short_goes_on(
    gym: TestGym, api: OperatorApi, erase: Erasure, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(gym)
    close(gym, api)
    monkeypatch.setattr(erasure, "BATCH", 1)
    gym_id = erase.begin(gym.slug)

    class Killed(Exception):
        pass

    def die(line: str) -> None:
        if line.startswith("users:"):
            raise Killed

    with pytest.raises(Killed):
        Erasure(erase.units, erase.anchors, die).finish(gym_id)
    left = rows_of(gym.installation, gym.id)
    assert "access_versions" in left
    assert "members_clients" not in left
    assert _erase(gym.installation) >= 1
    assert rows_of(gym.installation, gym.id) == {}
    assert _erase(gym.installation) == 0


def test_over_http_the_slug_is_repeated(gym: TestGym, api: OperatorApi) -> None:
    close(gym, api)
    path = f"/gyms/{gym.id}/erase"
    wrong = {"slug": "another"}
    api.fail("POST", path, 422, "TENANT_SLUG_DIFFERS", json=wrong)
    assert rows_of(gym.installation, gym.id)
    begun = api.call("POST", path, expect=202, json={"slug": gym.slug})
    assert begun["status"] == "erased"
    assert _erase(gym.installation) >= 1
    assert rows_of(gym.installation, gym.id) == {}
    told = api.call("GET", "/log", query={"gymId": str(gym.id)})
    actions = [entry["action"] for entry in told]
    assert actions[:2] == ["gym.erased", "gym.erasure_begun"]
    assert api.call("GET", f"/gyms/{gym.id}/usage")["figures"] == {}


def test_the_command(gym: TestGym, api: OperatorApi) -> None:
    close(gym, api)
    run = CliRunner().invoke
    refused = run(tenants, ["erase", gym.slug], obj=gym.installation, input="other\n")
    assert refused.exit_code == 1
    assert rows_of(gym.installation, gym.id)
    done = run(
        tenants,
        ["erase", gym.slug, "--yes"],
        obj=gym.installation,
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    assert rows_of(gym.installation, gym.id) == {}
