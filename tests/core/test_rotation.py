"""Rotating the master key beside servers that go on answering; nobody is locked out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import LargeBinary, func, select
from sqlalchemy.sql.schema import Table

from core.app import Installation, create_app
from core.app.rotation import IN_FLIGHT, reseal_everything, retire_former
from core.audit.verification import verify
from core.auth.cookies import SessionCookies
from core.auth.devices import Guard
from core.clock import utc_now
from core.config.secrets import (
    MasterKeyError,
    master_keys,
    rotate_master,
    rotation_finished,
)
from core.config.vault import MARK_BYTES, Vault
from core.db.base import Base
from core.db.reseal import sealed_columns
from core.db.sealed import seal_of
from core.ids import new_id
from core.integrations import read
from core.integrations.models import StoredIntegration
from core.testing.kit import PASSWORD, TestGym
from core.testing.server import TestServer
from tests.core.audit.sealed import seal_some
from tests.core.auth.servers import REPOSITORY, Server, environment, serving

URL = "smtp://gym:Wiesel-und-Dachs-77@mail.gym.example"
SETTINGS = {"url": URL, "sender": "hello@gym.example"}
EMAIL = "/admin/integrations/email"

UNSEALED = {
    "api_keys.digest",
    "audit_seals.hash",
    "audit_seals.leaves",
    "audit_seals.prev_hash",
    "auth_attempts.subject",
    "auth_links.token_hash",
    "idempotency_keys.body",
    "idempotency_keys.fingerprint",
    "idempotency_keys.scope",
    "refresh_tokens.successor_salt",
    "refresh_tokens.token_hash",
}
"""Binary columns that hold digests and the like, which no master key opens."""


@dataclass(frozen=True, slots=True)
class Place:
    """An installation with a home of its own, and servers on it."""

    gym: TestGym
    installation: Installation
    servers: list[Server]
    environ: dict[str, str]

    def run(self, *words: str) -> str:
        """Runs ``palestra keys …`` in a process of its own."""
        ran = subprocess.run(
            [sys.executable, "-m", "core.cli", "keys", *words],
            cwd=REPOSITORY,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout

    def log_in(self, server: Server, totp: str | None = None) -> Any:
        body = {"login": self.gym.email("client"), "password": PASSWORD}
        if totp is not None:
            body["totp"] = totp
        return server.call("POST", "/auth/login", slug=self.gym.slug, body=body)

    def set_up_totp(self, server: Server) -> tuple[str, list[str]]:
        """Gives the client a second factor: its secret and recovery codes."""
        token = self.log_in(server).body["data"]["accessToken"]
        slug, base = self.gym.slug, "/auth/totp"

        def call(path: str, body: Any) -> Any:
            answer = server.call("POST", path, slug=slug, token=token, body=body)
            assert answer.status == 200, answer.body
            return answer.body["data"]

        secret = call(f"{base}/setup", {})["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        return secret, call(f"{base}/confirm", code)["recoveryCodes"]

    def admin(self, server: Server, method: str, path: str, body: Any = None) -> Any:
        token = self.gym.api("admin").token
        answer = server.call(method, path, slug=self.gym.slug, token=token, body=body)
        assert answer.status == 200, answer.body
        return answer.body["data"]


@pytest.fixture
def alone(
    postgres: TestServer, template: str, tmp_path: Path
) -> Iterator[Installation]:
    """An installation on a database of its own, as a rotation is for all gyms."""
    database = f"rotation_{new_id().hex[-12:]}"
    postgres.copy(template, database)
    with Installation(postgres.settings(database, tmp_path / "home")) as made:
        yield made
    postgres.query(f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def gym(alone: Installation) -> TestGym:
    return TestGym(create_app(installation=alone), alone)


def gyms_values(installation: Installation, gym: TestGym) -> list[tuple[str, bytes]]:
    """Every sealed value of the gym: its column, and the mark of its key."""
    found: list[tuple[str, bytes]] = []
    with installation.units().open(gym.id) as session:
        for where in sealed_columns():
            rows = session.connection().execute(
                select(func.substr(where.column, 1, MARK_BYTES)).where(
                    where.table.c.tenant_id == gym.id, where.column.is_not(None)
                )
            )
            found += [(where.name, bytes(mark)) for (mark,) in rows]
    return found


def age(installation: Installation, by: timedelta) -> None:
    """Makes former keys older, as if the time had passed."""
    for key in master_keys(installation.settings)[1:]:
        assert key.path is not None
        then = (utc_now() - by).timestamp()
        os.utime(key.path, (then, then))
    os.utime(installation.settings.server.keys_dir)


def quiet(*_told: object) -> None:
    """Says nothing."""


def test_every_binary_column_is_sealed_or_known_not_to_be(
    installation: Installation,
) -> None:
    assert installation.migrations.streams
    found = {
        f"{mapper.local_table.name}.{column.name}"
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table)
        for column in mapper.local_table.columns
        if isinstance(column.type, LargeBinary) and seal_of(column) is None
    }
    assert found - UNSEALED == set(), "declare it by info=sealed(…), or list it here"
    assert UNSEALED - found == set()


def test_each_part_with_secrets_is_found(installation: Installation) -> None:
    assert installation.migrations.streams
    assert {one.name for one in sealed_columns()} >= {
        "integrations.secrets",
        "notification_deliveries.sealed",
        "person_keys.wrapped",
        "recovery_codes.digest",
        "totp_factors.secret",
    }


def fill(gym: TestGym) -> None:
    """Gives the gym sealed values of several kinds; people's keys it has already."""
    gym.api("admin").put(EMAIL, {"settings": SETTINGS})


def test_everything_is_sealed_anew_once(gym: TestGym, alone: Installation) -> None:
    fill(gym)
    before = gyms_values(alone, gym)
    assert {name for name, _mark in before} >= {
        "integrations.secrets",
        "person_keys.wrapped",
    }
    assert rotate_master(alone.settings)
    told: list[tuple[str, str, int]] = []
    done = reseal_everything(alone, lambda *words: told.append(words))
    assert done.total == len(before) == sum(number for *_words, number in told)
    assert not +done.broken
    marks = {mark for _name, mark in gyms_values(alone, gym)}
    assert marks == {alone.vault.current_mark()}
    assert reseal_everything(alone, quiet).total == 0
    with gym.unit():
        assert read("email") == SETTINGS


def test_nothing_of_it_is_audited_and_no_version_moves(
    gym: TestGym, alone: Installation
) -> None:
    fill(gym)
    admin = gym.api("admin")
    tag = admin.raw("GET", EMAIL).headers["ETag"]
    entries = admin.raw("GET", "/audits").get_json()["meta"]["pagination"]["total"]
    rotate_master(alone.settings)
    assert reseal_everything(alone, quiet).total
    assert admin.raw("GET", EMAIL).headers["ETag"] == tag
    after = admin.raw("GET", "/audits").get_json()["meta"]["pagination"]["total"]
    assert after == entries


def test_values_beyond_one_batch_are_reached(
    gym: TestGym, alone: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.db.reseal.BATCH", 2)
    assert len(gym.users) > 4
    number = len(gyms_values(alone, gym))
    rotate_master(alone.settings)
    assert reseal_everything(alone, quiet).total == number


def test_one_stopped_half_way_goes_on_when_it_is_called_again(
    gym: TestGym, alone: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.db.reseal.BATCH", 1)
    fill(gym)
    number = len(gyms_values(alone, gym))
    began = rotate_master(alone.settings)

    def stop(*_told: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal_everything(alone, stop)
    mark = alone.vault.current_mark()
    done = [one for _name, one in gyms_values(alone, gym)].count(mark)
    assert 0 < done < number
    assert began
    assert not rotate_master(alone.settings)
    assert reseal_everything(alone, quiet).total == number - done
    rotation_finished(alone.settings)
    assert len(master_keys(alone.settings)) == 2


def test_a_value_that_opens_under_no_key_stays_and_is_told(
    gym: TestGym, alone: Installation
) -> None:
    fill(gym)
    with gym.unit() as session:
        row = session.scalars(select(StoredIntegration)).one()
        row.secrets = broken = bytes(60)
    rotate_master(alone.settings)
    done = reseal_everything(alone, quiet)
    assert +done.broken == {"integrations.secrets": 1}
    with gym.unit() as session:
        assert session.scalars(select(StoredIntegration)).one().secrets == broken


def test_a_value_written_meanwhile_is_not_undone(
    gym: TestGym, alone: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(gym)
    rotate_master(alone.settings)
    real = Vault.open

    def meanwhile(vault: Vault, sealed: bytes, **place: Any) -> bytes:
        clear = real(vault, sealed, **place)
        if place["purpose"] == "integrations":
            monkeypatch.undo()
            gym.api("admin").put(EMAIL, {"settings": {**SETTINGS, "url": URL + ":25"}})
        return clear

    monkeypatch.setattr(Vault, "open", meanwhile)
    reseal_everything(alone, quiet)
    with gym.unit():
        assert read("email") == {**SETTINGS, "url": URL + ":25"}


def test_the_audit_chain_verifies_after_the_key_is_gone(
    gym: TestGym, alone: Installation
) -> None:
    fill(gym)
    seal_some(alone, gym.id)
    rotate_master(alone.settings)
    reseal_everything(alone, quiet)
    age(alone, IN_FLIGHT)
    removed, _young = retire_former(alone, after=timedelta())
    assert len(removed) == 1
    gym.api("admin").put(EMAIL, {"settings": {"sender": "new@gym.example"}})
    # As a process that starts now.
    with Installation(alone.settings) as other:
        seal_some(other, gym.id)
        with other.units().open(gym.id) as session:
            verdict = verify(session, other.anchors)
    assert verdict.seals >= 2
    assert not verdict.findings
    query = {"entity": "user", "entityId": str(gym.user("client"))}
    told = gym.api("admin").get("/audits", query=query)
    assert told[0]["after"]["email"] == gym.email("client")


def test_a_key_is_kept_while_it_is_young_or_needed(
    gym: TestGym, alone: Installation
) -> None:
    fill(gym)
    rotate_master(alone.settings)
    age(alone, timedelta(days=30))
    with pytest.raises(MasterKeyError, match="still under a former key"):
        retire_former(alone, after=timedelta())
    assert len(master_keys(alone.settings)) == 2
    age(alone, timedelta(minutes=5))
    for wait in (timedelta(), timedelta(days=14)):
        removed, young = retire_former(alone, after=wait)
        assert (len(removed), len(young)) == (0, 1)
    age(alone, timedelta(days=13))
    assert retire_former(alone, after=timedelta(days=14))[0] == []
    age(alone, timedelta(days=15))
    assert len(retire_former(alone, after=timedelta(days=14))[0]) == 1
    with gym.unit():
        assert read("email") == SETTINGS


def test_what_callers_hold_goes_on_or_ends_as_stated(
    gym: TestGym, alone: Installation
) -> None:
    settings, session_id = alone.settings, new_id()
    cookies = SessionCookies(settings)
    csrf = cookies.csrf_of(session_id)
    guard = Guard.of(settings, device=None, answer=None)
    device = guard.devices.token(gym.id, session_id, "hash")
    secret = gym.app.config["PALESTRA_CURSOR_SECRET"]()
    rotate_master(settings)
    assert cookies.csrf_of(session_id) != csrf
    assert csrf in cookies.every_csrf_of(session_id)
    known = Guard.of(settings, device=None, answer=None).devices
    assert known.read(device, gym.id, session_id, "hash")
    assert not known.read(device, gym.id, new_id(), "hash")
    assert gym.app.config["PALESTRA_CURSOR_SECRET"]() != secret


@pytest.mark.slow  # starts two servers and runs commands beside them
def test_servers_go_on_while_the_master_key_is_rotated_and_retired(
    gym: TestGym, alone: Installation
) -> None:
    assert gym.api("admin").token
    environ = environment(alone, alone.settings.server.home)
    with serving(environ) as servers:
        place = Place(gym, alone, servers, environ)
        first, second = servers
        secret, codes = place.set_up_totp(first)
        place.admin(first, "PUT", EMAIL, {"settings": SETTINGS})
        before = gyms_values(alone, gym)
        assert {name for name, _mark in before} >= {
            "integrations.secrets",
            "person_keys.wrapped",
            "recovery_codes.digest",
            "totp_factors.secret",
        }

        said = place.run("rotate-master")
        assert said.startswith("New master key ")
        mark = alone.vault.current_mark()
        ours = gyms_values(alone, gym)
        assert [name for name, _mark in ours] == [name for name, _mark in before]
        assert {sealed_under for _name, sealed_under in ours} == {mark}

        # What a running server seals now is under the new key at once.
        place.admin(
            second, "PUT", EMAIL, {"settings": {**SETTINGS, "url": URL + ":25"}}
        )
        assert dict(gyms_values(alone, gym))["integrations.secrets"] == mark
        assert place.log_in(second, codes[0]).status == 200

        age(alone, timedelta(days=15))
        said = place.run("retire-master")
        assert said.startswith("Removed ")
        assert len(master_keys(alone.settings)) == 1
        for server, recovery in zip(servers, codes[1:3], strict=True):
            assert place.log_in(server, recovery).status == 200
            assert place.log_in(server, recovery).status == 401
            assert place.admin(server, "GET", EMAIL)["secrets"] == {"url": True}
        again = pyotp.TOTP(secret).at(utc_now() + timedelta(seconds=30))
        assert place.log_in(first, again).status == 200
