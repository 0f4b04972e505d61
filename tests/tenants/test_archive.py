"""A gym moves to another installation, whole, exactly, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
import pytest
from click.testing import CliRunner
from sqlalchemy import Text, cast, func, select

from core.app import Installation, create_app
from core.audit.models import AuditEntry
from core.audit.seals import SIZE
from core.audit.verification import verify
from core.auth.models import TotpFactor
from core.clock import utc_now
from core.config.vault import SealBroken, Vault
from core.db.base import Base
from core.db.services import service
from core.files.desk import desk
from core.files.models import StoredFile
from core.files.store import object_key
from core.ids import new_id
from core.operations.errors import OperationFailed
from core.testing.kit import PASSWORD, ApiClient, TestGym
from core.testing.server import TestServer
from tenants import archive, repository
from tenants.archive import Site, entering
from tenants.cli import tenants
from tenants.errors import ArchiveRefused, GymExists
from tenants.models import GymStatus, Toggle
from tests.core.audit.sealed import seal_some

LOCK = pyrage.x25519.Identity.generate()
"""A key, as a passphrase is made to take its time; those are tested with backups."""


def site_of(installation: Installation) -> Site:
    backup = replace(
        installation.settings.backup, recipients=(str(LOCK.to_public()),), key=str(LOCK)
    )
    return Site(
        settings=replace(installation.settings, backup=backup),
        units=installation.units("operator"),
        app_units=installation.units(),
        migrations=installation.migrations,
        plugins=installation.plugins,
        anchors=installation.anchors,
    )


@pytest.fixture(scope="module")
def target(
    postgres: TestServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Another installation: its own database, home and master key."""
    database = f"palestra_target_{new_id().hex[-8:]}"
    postgres.copy(template, database)
    home = tmp_path_factory.mktemp("target")
    with Installation(postgres.settings(database, home)) as built:
        yield built


@pytest.fixture
def full(gym: TestGym) -> TestGym:
    """A gym with people, sealed values, a file and odd values in its rows."""
    gym.api("admin").post(
        "/members/clients",
        {"email": "ava@people.example", "name": 'Ävä \\N "Adler" 🏋'},
    )
    gym.api("admin").patch("/admin/settings", {"notifications.quietHours.start": None})
    with gym.unit() as session:
        session.add(Toggle(plugin_id="odd", enabled=None, settings={"a": [None, 1.5]}))
        user_id = gym.user("coach")
        bound = gym.id.bytes + user_id.bytes
        secret = service(Vault).seal(b"SECRET", purpose="totp", bound_to=bound)
        session.add(TotpFactor(user_id=user_id, secret=secret))
        object_id = new_id()
        session.add(_file(gym.user("client"), object_id))
        desk().store.keep(
            object_key(gym.id, object_id),
            BytesIO(b"a picture" * 30_000),
            name="a.png",
            media_type="image/png",
        )
    seal_some(gym.installation, gym.id)
    return gym


def _file(user_id: UUID, object_id: UUID) -> StoredFile:
    return StoredFile(
        user_id=user_id,
        purpose="avatar",
        name="a.png",
        media_type="image/png",
        size_bytes=9 * 30_000,
        status="ready",
        object_id=object_id,
        upload_until=utc_now(),
    )


@pytest.fixture
def file(full: TestGym, tmp_path: Path) -> Path:
    path = tmp_path / "gym.palestra"
    assert archive.export(site_of(full.installation), full.slug, path) > 20
    return path


def rows_of(installation: Installation, gym_id: UUID) -> dict[str, set[Any]]:
    """Every row as text; what the master key seals is left out."""
    found = {}
    with installation.units("operator").open(gym_id) as session:
        for table in Base.metadata.sorted_tables:
            if table.info.get("tenancy") == "tenant":
                plain = [c for c in table.columns if "sealed" not in c.info]
                chosen = select(*(cast(c, Text) for c in plain)).where(
                    table.c.tenant_id == gym_id
                )
                rows = session.connection().execute(chosen)
                found[table.name] = {tuple(row) for row in rows}
    return found


def test_every_row_arrives_exactly(
    full: TestGym, file: Path, target: Installation
) -> None:
    before = rows_of(full.installation, full.id)
    row = archive.enter(site_of(target), file)
    assert (row.id, row.slug, row.status) == (full.id, full.slug, "suspended")
    after = rows_of(target, full.id)
    for name in before:
        gone, new = before[name] - after[name], after[name] - before[name]
        assert not gone, (name, gone)
        # The arrival itself is written down and sealed; nothing else is new.
        assert not new or name in {"audit_entries", "audit_seals"}, (name, new)
    assert len(after["audit_entries"] - before["audit_entries"]) == 1
    assert {name for name, rows in before.items() if rows} >= {
        "users",
        "files",
        "totp_factors",
        "members_clients",
        "audit_seals",
        "person_keys",
        "tenants_settings",
    }


def test_it_lives_there(full: TestGym, file: Path, target: Installation) -> None:
    archive.enter(site_of(target), file)
    app = create_app(installation=target)
    client = ApiClient(app, full.slug)
    client.fail("GET", "/openapi.json", expect=403, code="TENANT_SUSPENDED")
    target.directory.change_status(  # type: ignore[attr-defined]
        target.units("operator"), full.slug, GymStatus.ACTIVE
    )
    login = {"login": full.email("admin"), "password": PASSWORD}
    client.token = client.post("/auth/login", login, expect=200)["accessToken"]
    names = {one["name"] for one in client.get("/users", query={"limit": 100})}
    assert 'Ävä \\N "Adler" 🏋' in names
    assert client.get("/audits")
    with target.in_gym(full.id) as (session, _gym):
        factor = session.scalars(select(TotpFactor)).one()
        bound = full.id.bytes + factor.user_id.bytes
        opened = service(Vault).open(factor.secret, purpose="totp", bound_to=bound)
        assert opened == b"SECRET"
        stored = session.scalars(select(StoredFile)).one()
        assert stored.object_id is not None
        with desk().store.open(object_key(full.id, stored.object_id)) as content:
            assert content.read() == b"a picture" * 30_000
    with full.unit() as session, pytest.raises(SealBroken):
        service(Vault).open(factor.secret, purpose="totp", bound_to=bound)


def test_the_audit_chain_is_whole_there(
    full: TestGym, file: Path, target: Installation
) -> None:
    archive.enter(site_of(target), file)
    with target.units().open(full.id) as session:
        verdict = verify(session, target.anchors)
        counted = session.scalar(select(func.count()).select_from(AuditEntry))
        assert session.read_value(SIZE) == counted == verdict.entries + verdict.pending
    assert not verdict.findings
    assert len(target.anchors.read(full.id)) >= 1


def test_a_gym_enters_once(full: TestGym, file: Path, target: Installation) -> None:
    with pytest.raises(GymExists):
        archive.enter(site_of(full.installation), file)
    archive.enter(site_of(target), file, "another-slug")
    with pytest.raises(GymExists):
        archive.enter(site_of(target), file, "a-third-slug")


@pytest.mark.parametrize("place", [0.02, 0.5, 0.9, 0.999])
def test_what_was_changed_does_not_enter(
    full: TestGym, file: Path, target: Installation, place: float
) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 1
    file.write_bytes(content)
    _refused(target, full, file)


@pytest.mark.parametrize("place", [0.5, 0.99])
def test_what_was_cut_short_does_not_enter(
    full: TestGym, file: Path, target: Installation, place: float
) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * place)])
    _refused(target, full, file)


def _refused(target: Installation, full: TestGym, file: Path) -> None:
    with pytest.raises((ArchiveRefused, OperationFailed)):
        archive.enter(site_of(target), file)
    _not_here(target, full)


def _not_here(target: Installation, full: TestGym) -> None:
    assert not any(rows_of(target, full.id).values())
    with target.units("operator").open(None) as session:
        assert repository.find_gym(session, full.id) is None
    with target.units().open(full.id):
        assert list(desk().store.listing(full.id)) in ([], [[]])


def test_another_key_opens_nothing(
    full: TestGym, file: Path, target: Installation
) -> None:
    site = site_of(target)
    other = pyrage.x25519.Identity.generate()
    backup = replace(site.settings.backup, key=str(other))
    wrong = replace(site, settings=replace(site.settings, backup=backup))
    with pytest.raises(OperationFailed):
        archive.enter(wrong, file)
    _not_here(target, full)
    assert PASSWORD.encode() not in file.read_bytes()
    assert b"ava@people.example" not in file.read_bytes()


def test_killed_half_way_nothing_is_here(
    full: TestGym, file: Path, target: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    insert: Callable[..., None] = vars(entering)["_insert"]

    def die(session: Any, table: Any, rows: Any, vault: Any) -> None:
        insert(session, table, rows, vault)
        if table.name == "members_clients":
            raise Killed

    monkeypatch.setattr(entering, "_insert", die)
    with pytest.raises(Killed):
        archive.enter(site_of(target), file)
    monkeypatch.undo()
    _not_here(target, full)
    archive.enter(site_of(target), file)


@pytest.mark.parametrize("part", ["revisions", "plugins", "columns"])
def test_another_installation_is_told_apart(
    full: TestGym,
    file: Path,
    target: Installation,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Site.described

    def other(self: Site) -> dict[str, Any]:
        return here(self) | {part: {**here(self)[part], "tenants": "other"}}

    monkeypatch.setattr(Site, "described", other)
    with pytest.raises(ArchiveRefused) as refused:
        archive.enter(site_of(target), file)
    assert refused.value.details == {part: ["tenants"]}
    _not_here(target, full)


def test_a_file_that_is_there_is_not_overwritten(full: TestGym, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        archive.export(site_of(full.installation), full.slug, file)
    assert file.read_bytes() == before
    assert file.stat().st_mode & 0o077 == 0


def test_without_a_lock_nothing_leaves(full: TestGym, tmp_path: Path) -> None:
    path = tmp_path / "open.palestra"
    site = replace(site_of(full.installation), settings=full.installation.settings)
    with pytest.raises(OperationFailed):
        archive.export(site, full.slug, path)
    assert list(tmp_path.iterdir()) == []


def test_the_commands(
    full: TestGym, target: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "gym.palestra")
    for one in (full.installation, target):
        monkeypatch.setattr(one, "settings", site_of(one).settings)
    run = CliRunner().invoke
    out = run(tenants, ["export", full.slug, path], obj=full.installation)
    assert out.exit_code == 0, out.output
    again = run(tenants, ["export", full.slug, path], obj=full.installation)
    assert again.exit_code == 1
    entered = run(tenants, ["import", path], obj=target, catch_exceptions=False)
    assert entered.exit_code == 0, entered.output
    assert "suspended" in entered.output
