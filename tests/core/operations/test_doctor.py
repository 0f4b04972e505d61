"""``palestra doctor``: what is wrong is found, named, and never hangs the command."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from core.app import Installation, create_app
from core.cli.doctor import doctor
from core.clock import as_rfc3339, utc_now
from core.config import Settings
from core.db import roles
from core.operations.doctor import data, here, servers
from core.operations.doctor.examination import (
    Check,
    Finding,
    State,
    examine,
    failed,
    ok,
)
from core.operations.last_backup import LastBackup
from core.testing.server import TestServer
from tests.core.operations.places import migrated_database

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def database(postgres: TestServer, template: str) -> Iterator[str]:
    """A migrated database that may be damaged."""
    with migrated_database(postgres, template, "doctor") as name:
        yield name


def url_of(postgres: TestServer, role: str, database: str) -> str:
    return postgres.url(role, database).replace("+psycopg", "")


def with_url(installation: Installation, **changes: object) -> Settings:
    settings = installation.settings
    return replace(settings, database=replace(settings.database, **changes))  # type: ignore[arg-type]


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_sound_installation_is_well(
    postgres: TestServer,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not given up after the usual ten seconds, which a busy machine may take.
    patient = partial(examine, longest=5 * MINUTE)
    monkeypatch.setattr("core.cli.doctor.examine", patient)
    with Installation(postgres.settings(database, tmp_path)) as installation:
        create_app(installation=installation)
        answer = CliRunner().invoke(doctor, ["--json"], obj=installation)
    assert answer.exit_code == 0, answer.output
    found = {one["check"]: one for one in orjson.loads(answer.stdout)}
    assert {name for name, one in found.items() if one["state"] == "failed"} == set()
    assert {"database", "roles", "migrations", "models", "walls", "keys"} <= {
        name for name, one in found.items() if one["state"] == "ok"
    }
    assert all(one["remedy"] for one in found.values() if one["state"] != "ok")


def test_a_dead_database_is_one_finding_and_no_hang(
    installation: Installation, silent: int
) -> None:
    url = f"postgresql://palestra_app:x@127.0.0.1:{silent}/palestra"
    began = time.monotonic()  # a check that hangs would hang for ever
    with Installation(
        with_url(installation, url=url, owner_url=url, operator_url=url)
    ) as dead:
        answer = CliRunner().invoke(doctor, ["--json"], obj=dead)
    assert time.monotonic() - began < 120
    assert answer.exit_code == 1
    found = {one["check"]: one for one in orjson.loads(answer.stdout)}
    assert found["database"]["state"] == "failed"
    assert not {"roles", "migrations", "walls", "jobs"} & found.keys()


def test_people_read_a_remedy(installation: Installation) -> None:
    url = "postgresql://palestra_app:hush@127.0.0.1:1/palestra"
    with Installation(
        with_url(installation, url=url, owner_url=url, operator_url=url)
    ) as dead:
        answer = CliRunner().invoke(doctor, [], obj=dead)
    assert "FAILED  database" in answer.output
    assert "→ Look whether the server runs" in answer.output
    assert "hush" not in answer.output


def test_each_check_is_given_up_in_time_and_its_like_left_out() -> None:
    forever = threading.Event()

    def hangs() -> Finding:
        forever.wait()
        return ok("")

    def breaks() -> Finding:
        raise ValueError("broken")

    hopeless = [
        Check("slow", hangs),
        Check("stands-on-slow", lambda: ok(""), ("slow",)),
        Check("broken", breaks),
    ]
    given_up = examine(hopeless, longest=timedelta(seconds=0.2))
    forever.set()
    assert {one.check: one.finding.state for one in given_up} == {
        "slow": State.FAILED,
        "broken": State.FAILED,
    }
    # With time enough even for a busy machine.
    others = [*hopeless[2:], Check("well", lambda: ok("Well."))]
    assert {
        one.check: one.finding.state for one in examine(others, longest=MINUTE)
    } == {
        "broken": State.FAILED,
        "well": State.OK,
    }


def test_a_table_without_its_wall_is_named(postgres: TestServer, database: str) -> None:
    owner = url_of(postgres, roles.OWNER, database)
    assert data.walls_up(owner).state is State.OK
    for damage, mend in (
        (
            "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE users FORCE ROW LEVEL SECURITY",
        ),
        (
            "ALTER POLICY one_gym ON users RENAME TO other",
            "ALTER POLICY other ON users RENAME TO one_gym",
        ),
    ):
        postgres.query(damage, database)
        found = data.walls_up(owner)
        postgres.query(mend, database)
        assert found.state is State.FAILED
        assert "users" in found.detail
    assert data.walls_up(owner).state is State.OK


def test_a_role_past_the_walls_is_named(postgres: TestServer, database: str) -> None:
    urls = {
        "app": url_of(postgres, roles.APP, database),
        "operator": url_of(postgres, roles.OPERATOR, database),
        "owner": url_of(postgres, roles.OWNER, database),
    }
    assert data.roles_bound(urls).state is State.OK
    owning = data.roles_bound({**urls, "app": urls["owner"]})
    assert owning.state is State.FAILED
    assert "palestra_owner (app) owns tables" in owning.detail
    superuser = data.roles_bound({**urls, "operator": postgres.admin})
    assert superuser.state is State.FAILED
    assert "(operator) may step past" in superuser.detail


def test_keys_that_others_may_read_are_a_fault(
    postgres: TestServer, database: str, tmp_path: Path
) -> None:
    settings = postgres.settings(database, tmp_path)
    with Installation(settings) as installation:
        create_app(installation=installation)
    assert here.keys_of(settings).state is State.OK
    key = next(settings.server.keys_dir.glob("jwt-*.pem"))
    key.chmod(0o644)
    found = here.keys_of(settings)
    assert found.state is State.FAILED
    assert f"chmod go-rwx {key}" in found.remedy
    key.chmod(0o600)
    key.write_text("no key")
    assert here.keys_of(settings).state is State.FAILED


def test_an_old_backup_is_a_fault(installation: Installation, tmp_path: Path) -> None:
    settings = replace(
        installation.settings,
        server=replace(installation.settings.server, home=tmp_path),
    )
    assert here.backup_of(settings).state is State.WARNING
    for age, state in ((1, State.OK), (24, State.OK), (26, State.FAILED)):
        at = as_rfc3339(utc_now() - timedelta(hours=age))
        LastBackup(at, "id", "/file", 1).write(tmp_path)
        assert here.backup_of(settings).state is state, age


def test_a_mail_server_that_is_silent_or_gone_is_a_fault(
    installation: Installation, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_PATIENCE_S", 0.3)
    for url in (f"smtp://127.0.0.1:{silent}", "smtp://127.0.0.1:1"):
        messaging = replace(installation.settings.messaging, smtp_url=url)
        found = servers.mail_of(replace(installation.settings, messaging=messaging))
        assert found.state is State.FAILED


def test_a_broker_that_is_gone_is_a_fault(installation: Installation) -> None:
    jobs = replace(installation.settings.jobs, redis_url="redis://127.0.0.1:1/0")
    found = servers.redis_of(replace(installation.settings, jobs=jobs))
    assert found.state is State.FAILED
    assert "No job is lost" in found.remedy


def test_a_finding_of_failure_carries_a_remedy() -> None:
    assert failed("Wrong.", "Mend.").remedy == "Mend."
