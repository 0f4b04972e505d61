"""A gym enters from an archive: whole, in one transaction, or not at all."""

import shutil
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

import orjson
from sqlalchemy import Table, Text, bindparam, insert
from sqlalchemy import cast as sql_cast

from core.audit.sealing import seal_gym
from core.config.vault import Vault
from core.db.services import service
from core.db.session import TenantSession
from core.files.desk import desk
from core.files.models import StoredFile
from core.files.store import FileStore, object_key
from core.operations.backup.locks import opened
from tenants import repository
from tenants.archive import repository as archive_rows
from tenants.archive.landing import Landing, landing, sweep
from tenants.archive.shape import (
    FOOT,
    FORMAT,
    HEAD,
    Site,
    Tally,
    Told,
    read_whole,
    resealed,
    stored,
    tables,
)
from tenants.errors import ArchiveRefused, DomainTaken, GymExists
from tenants.models import GymDomain, GymRow, GymStatus
from tenants.oplog import note
from tenants.resolution import is_slug


def enter(site: Site, source: Path, slug: str | None = None) -> GymRow:
    """Lets a gym in from an archive, whole or not at all; it starts suspended.

    Args:
        site: Where it enters.
        source: The archive.
        slug: Another slug than the one it had.

    Raises:
        ArchiveRefused: It does not fit this installation, or was changed.
        GymExists: There is a gym with this id or slug.
        DomainTaken: One of its domains leads to another gym.
        OperationFailed: It does not open.
    """
    sweep(site)
    with source.open("rb") as file:
        try:
            row = _opened(site, file, slug)
        except (OSError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
            # Whatever an altered file makes of itself, before its digests are known.
            raise ArchiveRefused("This archive was changed or cut short.") from error
    seal_gym(site.app_units, row.id, site.anchors)
    return row


def _opened(site: Site, file: BinaryIO, slug: str | None) -> GymRow:
    """Reads the archive to its end, where its envelope proves itself, then commits."""
    with (
        ExitStack() as landed,
        ExitStack() as transaction,
        opened(file, site.settings) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        head = _head(site, tar)
        gym_id = UUID(head["gym"]["id"])
        files = landed.enter_context(landing(site, gym_id))
        session = transaction.enter_context(site.units.open(gym_id))
        row = _registered(session, head, gym_id, slug or head["gym"]["slug"])
        _fill(session, tar, gym_id, files)
        note(session, "gym.imported", gym=row)
    return row


@dataclass(frozen=True, slots=True)
class Place:
    """Where the content of a file goes."""

    store: FileStore
    key: str
    row: StoredFile


def _head(site: Site, tar: tarfile.TarFile) -> dict[str, Any]:
    """Reads what the archive says of itself, and holds it to this installation.

    Raises:
        ArchiveRefused: It does not fit.
    """
    first = tar.next()
    if first is None or first.name != HEAD:
        raise ArchiveRefused("This is no archive of a gym.")
    head: dict[str, Any] = orjson.loads(read_whole(tar, first))
    here = site.described()
    if head.get("format") != FORMAT:
        raise ArchiveRefused("This archive is of another version.")
    for part in ("revisions", "plugins", "columns"):
        differs = sorted(
            name
            for name in {*head[part], *here[part]}
            if head[part].get(name) != here[part].get(name)
        )
        if differs:
            raise ArchiveRefused(
                "This installation is not the same as the one it comes from.",
                details={part: differs},
            )
    return head


def _registered(
    session: TenantSession, head: Mapping[str, Any], gym_id: UUID, slug: str
) -> GymRow:
    """Writes the gym into the registry, suspended unless it was closed."""
    if not is_slug(slug):
        raise ArchiveRefused("A slug takes 3 to 40 letters, digits, single hyphens.")
    known = repository.find_gym(session, gym_id)
    if known is not None or repository.find_id_by_slug(session, slug) is not None:
        raise GymExists("There is a gym with this id or slug.")
    told = dict(head["gym"])
    closed = told["status"] == GymStatus.CLOSED
    status = GymStatus.CLOSED if closed else GymStatus.SUSPENDED
    told |= {"id": gym_id, "slug": slug, "status": status.value}
    told["created_at"] = datetime.fromisoformat(told["created_at"])
    row = GymRow(**told)
    session.add(row)
    session.flush()
    for domain in head["domains"]:
        if repository.find_id_by_domain(session, domain) is not None:
            raise DomainTaken(details={"domain": domain})
        session.add(GymDomain(domain=domain, gym_id=gym_id))
    session.flush()
    return row


def _fill(
    session: TenantSession, tar: tarfile.TarFile, gym_id: UUID, files: Landing
) -> None:
    """Writes rows and files as they come; the foot must confirm all of them.

    Raises:
        ArchiveRefused: It is cut short, or holds something else than it says.
    """
    known, tally = {table.name: table for table in tables()}, Tally()
    vault, store = service(Vault), desk().store
    foot = b""
    while (member := tar.next()) is not None:
        kind, _, rest = member.name.partition("/")
        if kind == "rows" and rest.partition("/")[0] in known and not foot:
            table, content = known[rest.partition("/")[0]], read_whole(tar, member)
            rows = orjson.loads(content)
            tally.add(str(table.name), content, len(rows))
            _insert(session, table, rows, vault)
        elif kind == "files" and not foot:
            key = object_key(gym_id, UUID(rest))
            row = archive_rows.file_of_object(session, UUID(rest))
            if row is None:
                raise ArchiveRefused("This archive holds a file that nobody knows.")
            files.announce(store, key)
            _keep(Place(store, key, row), tar, member, tally)
        elif member.name == FOOT and not foot:
            foot = read_whole(tar, member)
        else:
            raise ArchiveRefused("This archive holds what does not belong there.")
    if not foot or foot != tally.written():
        raise ArchiveRefused("This archive was changed or cut short.")


def _insert(
    session: TenantSession, table: Table, rows: list[list[str | None]], vault: Vault
) -> None:
    columns = stored(table)
    values = {
        column.name: sql_cast(bindparam(f"v_{column.name}", type_=Text), column.type)
        for column in columns
    }
    session.connection().execute(
        insert(table).values(values),
        [
            {
                f"v_{column.name}": value
                for column, value in zip(
                    columns, resealed(columns, row, vault, opening=False), strict=True
                )
            }
            for row in rows
        ],
    )


def _keep(
    place: Place, tar: tarfile.TarFile, member: tarfile.TarInfo, tally: Tally
) -> None:
    source = tar.extractfile(member)
    if source is None:
        raise ArchiveRefused("This archive holds what does not belong there.")
    with TemporaryFile() as content:
        told = Told(cast("BinaryIO", source), member.name, tally)
        shutil.copyfileobj(told, content)
        tally.add(member.name, b"")
        place.store.keep(
            place.key,
            cast("BinaryIO", content),
            name=place.row.name,
            media_type=place.row.media_type,
        )
