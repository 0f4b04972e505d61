"""Gyms as files over HTTP: asked for, written behind the requests, downloaded."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.app import Installation
from core.app.background import _export
from core.clock import utc_now
from core.http.pipeline import Palestra
from core.ids import new_id
from core.privacy.archives import KEPT
from core.testing.kit import TestGym
from tenants import archive
from tenants.archive import Site, exports, leaving
from tenants.archive import repository as archive_rows
from tenants.erasure import Erasure
from tests.core.auth.servers import environment, wait_until
from tests.tenants.operating import OperatorApi, desk_of, new_operator
from tests.tenants.test_archive import LOCK, rows_of, site_of, target

__all__ = ["target"]


@pytest.fixture(autouse=True)
def locks(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Gives the installation a key for what it locks."""
    monkeypatch.setattr(installation, "settings", site_of(installation).settings)
    yield
    with installation.units("operator").open(None) as session:
        while (left := archive_rows.next_export(session, utc_now())) is not None:
            session.delete(left)
            session.flush()


@pytest.fixture
def api(app: Palestra, installation: Installation) -> OperatorApi:
    return OperatorApi(app, desk_of(app).issue(new_operator(installation)))


def at(gym: TestGym) -> str:
    return f"/gyms/{gym.id}/exports"


def asked(gym: TestGym, api: OperatorApi) -> str:
    wanted: str = api.call("POST", at(gym), expect=202)["id"]
    return wanted


def folder_of(gym: TestGym) -> Path:
    return gym.installation.settings.server.home / "exports" / str(gym.id)


def expire_lease(installation: Installation, export_id: str) -> None:
    with installation.units("operator").open(None) as session:
        row = archive_rows.find_export(session, UUID(export_id), lock=True)
        assert row is not None
        row.lease_until = utc_now() - timedelta(seconds=1)


def test_what_is_downloaded_can_be_let_in(
    gym: TestGym, api: OperatorApi, target: Installation, tmp_path: Path
) -> None:
    begun = api.call("POST", at(gym), expect=202)
    assert (begun["status"], begun["expiresAt"]) == ("pending", None)
    path = f"{at(gym)}/{begun['id']}"
    api.fail("GET", f"{path}/download", 409, "TENANT_EXPORT_NOT_READY")
    assert _export(gym.installation) == 1
    done = api.call("GET", path)
    assert (done["status"], done["error"]) == ("done", None)
    assert done["rows"] >= 10
    answer = api.raw("GET", f"{path}/download")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (
        len(answer.data) == done["sizeBytes"] == int(answer.headers["Content-Length"])
    )
    assert gym.email("admin").encode() not in answer.data
    file = tmp_path / "gym.palestra"
    file.write_bytes(answer.data)
    before = rows_of(gym.installation, gym.id)
    archive.enter(site_of(target), file)
    after = rows_of(target, gym.id)
    assert all(rows <= after[name] for name, rows in before.items())
    told = api.call("GET", "/log", query={"gymId": str(gym.id)})
    assert [entry["action"] for entry in told][:3] == [
        "gym.export_downloaded",
        "gym.exported",
        "gym.export_asked",
    ]
    assert len({entry["operatorId"] for entry in told[:3]}) == 1
    assert (folder_of(gym) / f"{begun['id']}.palestra").stat().st_mode & 0o077 == 0


def test_many_at_once_ask_for_one(gym: TestGym, api: OperatorApi) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _n: asked(gym, api), range(8)))
    assert len(found) == 1
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _n: _export(gym.installation), range(3)))
    assert sum(done) == 1
    assert asked(gym, api) not in found


def test_only_of_this_gym_and_only_if_there_is_one(
    gym: TestGym, other_gym: TestGym, api: OperatorApi
) -> None:
    export_id = asked(gym, api)
    for path in (f"{at(other_gym)}/{export_id}", f"{at(gym)}/{new_id()}"):
        for rest in ("", "/download"):
            api.fail("GET", f"{path}{rest}", 404, "TENANT_EXPORT_UNKNOWN")
    api.fail("POST", f"/gyms/{new_id()}/exports", 404, "TENANT_UNKNOWN")


def test_without_a_lock_nothing_is_begun(
    gym: TestGym, api: OperatorApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = gym.installation.settings
    bare = replace(settings.backup, recipients=(), passphrase=None)
    monkeypatch.setattr(gym.installation, "settings", replace(settings, backup=bare))
    api.fail("POST", at(gym), 409, "TENANT_EXPORT_UNLOCKED")
    assert _export(gym.installation) == 0


def test_after_seven_days_it_is_gone(gym: TestGym, api: OperatorApi) -> None:
    export_id = asked(gym, api)
    _export(gym.installation)
    with gym.installation.units("operator").open(None) as session:
        row = archive_rows.find_export(session, UUID(export_id), lock=True)
        assert row is not None
        row.finished_at = utc_now() - KEPT - timedelta(seconds=1)
    assert _export(gym.installation) == 1
    assert list(folder_of(gym).iterdir()) == []
    path = f"{at(gym)}/{export_id}"
    assert api.call("GET", path)["status"] == "expired"
    api.fail("GET", f"{path}/download", 410, "TENANT_EXPORT_GONE")


def test_a_file_that_was_lost_is_gone(gym: TestGym, api: OperatorApi) -> None:
    export_id = asked(gym, api)
    _export(gym.installation)
    (folder_of(gym) / f"{export_id}.palestra").unlink()
    path = f"{at(gym)}/{export_id}/download"
    api.fail("GET", path, 410, "TENANT_EXPORT_GONE")


def test_what_fails_is_tried_three_times(
    gym: TestGym, api: OperatorApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Site) -> dict[str, Any]:
        raise OSError

    monkeypatch.setattr(Site, "described", fail)
    export_id = asked(gym, api)
    for attempt in range(1, 4):
        assert _export(gym.installation) == 1, attempt
        # A pause lies between two attempts.
        assert _export(gym.installation) == 0
        if attempt < 3:
            assert api.call("GET", f"{at(gym)}/{export_id}")["status"] == "pending"
            expire_lease(gym.installation, export_id)
    failed = api.call("GET", f"{at(gym)}/{export_id}")
    assert (failed["status"], failed["error"]) == ("failed", "OSError")
    assert list(folder_of(gym).iterdir()) == []
    assert asked(gym, api) != export_id


def test_whoever_lost_the_lease_replaces_nothing(
    gym: TestGym, api: OperatorApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_id = asked(gym, api)
    inner: list[int] = []
    write = leaving.write

    def slow(*given: Any) -> int:
        if not inner:
            inner.append(0)
            expire_lease(gym.installation, export_id)
            inner.append(_export(gym.installation))
        return write(*given)

    monkeypatch.setattr(exports, "write", slow)
    _export(gym.installation)
    assert inner == [0, 1]
    assert [path.name for path in folder_of(gym).iterdir()] == [f"{export_id}.palestra"]
    told = api.call("GET", "/log", query={"gymId": str(gym.id)})
    assert [entry["action"] for entry in told].count("gym.exported") == 1


def test_work_goes_on_while_it_tells_so(
    gym: TestGym, api: OperatorApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_BEAT_S", 0.0)
    export_id = asked(gym, api)
    others: list[int] = []
    write = leaving.write

    def slow(*given: Any) -> int:
        expire_lease(gym.installation, export_id)
        rows = write(*given)
        others.append(_export(gym.installation))
        return rows

    monkeypatch.setattr(exports, "write", slow)
    _export(gym.installation)
    assert others == [0]


def test_a_gym_erased_meanwhile_leaves_no_file(
    gym: TestGym, api: OperatorApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(gym, api)
    api.call("POST", f"/gyms/{gym.id}/close")
    erase = Erasure(gym.installation.units("operator"), gym.installation.anchors)
    write = leaving.write

    def slow(*given: Any) -> int:
        rows = write(*given)
        erase.finish(erase.begin(gym.slug))
        return rows

    monkeypatch.setattr(exports, "write", slow)
    _export(gym.installation)
    assert not list(folder_of(gym).glob("*"))
    api.fail("POST", at(gym), 404, "TENANT_UNKNOWN")
    erase.finish_all()
    assert not folder_of(gym).exists()


_WORKER = """
from core.app import Installation
from core.config import Settings
from core.app.background import _export
with Installation(Settings.load()) as installation:
    print(_export(installation), flush=True)
"""


@pytest.mark.slow
def test_an_export_that_was_killed_is_written_again(
    gym: TestGym, api: OperatorApi, installation: Installation
) -> None:
    export_id = asked(gym, api)
    home = installation.settings.server.home
    environ = environment(installation, home) | {
        "PALESTRA_BACKUP_RECIPIENTS": str(LOCK.to_public())
    }
    process = subprocess.Popen([sys.executable, "-c", _SLOWLY + _WORKER], env=environ)
    wait_until(lambda: bool(list(folder_of(gym).glob(".*"))))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert [path.name for path in folder_of(gym).iterdir()] == [f".{export_id}.1"]
    assert _export(installation) == 0
    expire_lease(installation, export_id)
    assert _export(installation) == 1
    assert [path.name for path in folder_of(gym).iterdir()] == [f"{export_id}.palestra"]
    assert api.call("GET", f"{at(gym)}/{export_id}")["status"] == "done"


_SLOWLY = """
import time
from tenants.archive import leaving
add = leaving.add
def slow(tar, name, content):
    add(tar, name, content)
    time.sleep(600 if name.startswith("rows/users") else 0)
leaving.add = slow
"""
"""So that it is killed half-way, however late."""
