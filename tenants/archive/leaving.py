"""A gym leaves: all of it into one file, from one snapshot."""

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast
from uuid import UUID

import orjson
from sqlalchemy import Table, Text, select
from sqlalchemy import cast as sql_cast

from core.audit.sealing import seal_gym
from core.config.vault import Vault
from core.db.services import service
from core.db.session import TenantSession
from core.errors import TenantUnknown
from core.files.desk import desk
from core.files.store import FileStore, object_key
from core.operations.backup.locks import locked
from tenants import repository
from tenants.archive import repository as archive_rows
from tenants.archive.shape import (
    FOOT,
    HEAD,
    Site,
    Tally,
    Told,
    add,
    resealed,
    stored,
    tables,
)
from tenants.models import GymStatus
from tenants.oplog import note

PIECE: Final = 500
"""Rows in one part of the archive."""


def export(site: Site, slug: str, target: Path) -> int:
    """Writes a gym into a new file, in one snapshot; returns how many rows it holds.

    Raises:
        TenantUnknown: There is no such gym, or it was erased.
        OperationFailed: There is nothing to lock the archive with.
        FileExistsError: There is such a file.
    """
    with site.units.open(None) as session:
        gym_id = repository.find_id_by_slug(session, slug)
    if gym_id is None:
        raise TenantUnknown(f"There is no gym {slug!r}.")
    draft = target.with_name(f".{target.name}.unfinished")
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.close(handle)
    try:
        with os.fdopen(_private(draft), "wb") as file:
            rows = write(site, gym_id, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise
    with site.units.open(None) as session:
        note(session, "gym.exported", gym=repository.find_gym(session, gym_id))
    return rows


def write(
    site: Site, gym_id: UUID, file: BinaryIO, said: Callable[[], None] = lambda: None
) -> int:
    """Writes the archive of a gym; returns how many rows it holds.

    Args:
        site: Where the gym is.
        gym_id: The gym.
        file: Where to.
        said: Called again and again while it goes on.

    Raises:
        TenantUnknown: There is no such gym, or it was erased.
        OperationFailed: There is nothing to lock the archive with.
    """
    seal_gym(site.app_units, gym_id, site.anchors)
    tally = Tally(said=said)
    with (
        locked(file, site.settings, plain=False) as stream,
        tarfile.open(fileobj=stream, mode="w|") as tar,
    ):
        store, objects = _write_rows(site, gym_id, tar, tally)
        # The transaction is over: no file is so large that its connection is cut.
        for key in _keys(store, gym_id, objects):
            with store.open(key) as source:
                _copy(tar, f"files/{_last(key)}", source, tally)
        add(tar, FOOT, tally.written())
    return sum(tally.rows.values())


def _write_rows(
    site: Site, gym_id: UUID, tar: tarfile.TarFile, tally: Tally
) -> tuple[FileStore, set[UUID]]:
    """Writes what the database holds, and says which files it knows."""
    with site.units.open(gym_id, isolation="REPEATABLE READ") as session:
        add(tar, HEAD, orjson.dumps(site.described() | _gym(session, gym_id)))
        vault = service(Vault)
        for table in tables():
            for number, rows in enumerate(_pieces(session, table, vault)):
                content = orjson.dumps(rows)
                tally.add(str(table.name), content, len(rows))
                add(tar, f"rows/{table.name}/{number:08}.json", content)
        return desk().store, archive_rows.file_objects(session)


def _gym(session: TenantSession, gym_id: UUID) -> dict[str, Any]:
    row = repository.find_gym(session, gym_id)
    if row is None or row.status == GymStatus.ERASED:
        raise TenantUnknown
    names = ("slug", "name", "status", "timezone", "locale", "currency")
    return {
        "gym": {
            "id": str(row.id),
            **{name: getattr(row, name) for name in names},
            "branding": row.branding,
            "limits": row.limits,
            "cors_origins": row.cors_origins,
            "created_at": row.created_at,
        },
        "domains": repository.domains_of(session, gym_id),
    }


def _pieces(
    session: TenantSession, table: Table, vault: Vault
) -> Iterator[list[list[str | None]]]:
    """The rows of a table as text, a few hundred at a time, sealed values opened."""
    columns = stored(table)
    statement = select(*(sql_cast(column, Text) for column in columns)).where(
        table.c.tenant_id == session.require_tenant()
    )
    found = session.connection().execute(
        statement, execution_options={"yield_per": PIECE}
    )
    for part in found.partitions():
        yield [resealed(columns, list(row), vault, opening=True) for row in part]


def _keys(store: FileStore, gym_id: UUID, objects: set[UUID]) -> Iterator[str]:
    """Verified content; what was sent and not looked at yet is sent again.

    Content that came after the snapshot has no row in it, and stays behind.
    """
    known = {object_key(gym_id, object_id) for object_id in objects}
    for part in store.listing(gym_id):
        for stored_object in part:
            if stored_object.key in known:
                yield stored_object.key


def _copy(tar: tarfile.TarFile, name: str, content: BinaryIO, tally: Tally) -> None:
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    tar.addfile(member, cast("IO[bytes]", Told(content, name, tally)))
    tally.add(name, b"")


def _private(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)


def _last(key: str) -> str:
    """The last part of a key, which names the object."""
    return key.rpartition("/")[2]
