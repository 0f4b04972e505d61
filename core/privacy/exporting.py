"""Building the archive of all that is held about one person."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from core.audit.recorder import record_event
from core.audit.repository import read_about
from core.auth.repository import users
from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.privacy import rows
from core.privacy.archives import KEPT
from core.privacy.declarations import Model, rules_of, table_of
from core.privacy.files import files_of
from core.privacy.holders import Holder, Privacy, Step, privacy
from core.privacy.models import PrivacyRequest, RequestStatus
from core.privacy.page import Listing, page
from core.privacy.repository import requests

ERASED = "The person was erased meanwhile."


@dataclass(slots=True)
class _Archive:
    """An archive that is being written.

    Attributes:
        listings: What it holds so far, for its index.
    """

    zip: ZipFile
    listings: list[Listing] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def add_rows(self, name: str, title: str, found: Iterable[Any]) -> None:
        """Adds a JSON array, a row at a time; nothing where there is no row."""
        many = iter(found)
        first = next(many, None)
        if first is None:
            return
        count = 1
        with self.zip.open(name, "w", force_zip64=True) as file:
            file.write(b"[\n" + orjson.dumps(first))
            for row in many:
                file.write(b",\n" + orjson.dumps(row))
                count += 1
            file.write(b"\n]\n")
        self.listings.append(Listing(name, title, count))

    def add_file(self, folder: str, name: str, content: Iterable[bytes]) -> None:
        """Adds a document under a name that cannot leave the folder."""
        safe = "-".join(
            part
            for part in PurePosixPath(name.replace("\\", "/")).parts
            if part not in {"/", "..", "."} and part.isprintable()
        )
        path, number = f"{folder}/{safe or 'file'}", 1
        while path in self.taken:
            number += 1
            path = f"{folder}/{number}-{safe or 'file'}"
        self.taken.add(path)
        with self.zip.open(path, "w", force_zip64=True) as file:
            for chunk in content:
                file.write(chunk)
        self.listings.append(Listing(path, folder, None))


def build(request_id: UUID, step: Step) -> None:
    """Builds a request's archive; run again, it builds it anew."""
    begun = step(lambda: _begun(request_id))
    if begun is None:
        return
    tools, tenant_id, person = begun
    with tools.archives.written(tenant_id, request_id) as file:
        _fill(tools, file, person, step)
    if not step(lambda: _finished(request_id, person)):
        tools.archives.delete(tenant_id, request_id)


def _fill(tools: Privacy, file: BinaryIO, person: UUID, step: Step) -> None:
    with ZipFile(file, "w", compression=ZIP_DEFLATED) as made:
        archive = _Archive(made)
        step(lambda: _add_rows_of_all(archive, tools, person))
        for name, content in files_of(person, step):
            archive.add_file("files", name, content)
        index = step(lambda: page(current().require_gym(), person, archive.listings))
        made.writestr("index.html", index)


def _begun(request_id: UUID) -> tuple[Privacy, UUID, UUID] | None:
    """What to build with and for whom; None when the request is over."""
    request = requests.begin(request_id)
    if request is None:
        return None
    return privacy(), request.tenant_id, request.person_id


def _finished(request_id: UUID, person: UUID) -> bool:
    """Marks the request as met; False when nobody is to get the archive."""
    request = requests.find(request_id, lock=True)
    if request is None or request.status != RequestStatus.PENDING:
        return False
    user = users.find(person, lock=True)
    request.finished_at = utc_now()
    if user is None or user.erased_at is not None:
        request.status, request.error = RequestStatus.FAILED.value, ERASED
        return False
    request.status = RequestStatus.DONE.value
    request.error = None
    request.expires_at = request.finished_at + KEPT
    request.size_bytes = _size(request)
    record_event("privacy.exported", "user", person, {"request": request.id})
    return True


def _size(request: PrivacyRequest) -> int | None:
    return privacy().archives.size(request.tenant_id, request.id)


def _add_rows_of_all(archive: _Archive, tools: Privacy, person: UUID) -> None:
    for holder in reversed(tools.holders):
        for model in reversed(holder.models):
            name = f"{holder.id}/{table_of(model).name}.json"
            archive.add_rows(name, holder.title, _rows(model, person))
        for name, content in _documents(holder, person):
            archive.add_file(holder.id, name, content)
    archive.add_rows("core/audit_log.json", "Audit log", read_about(person))


def _rows(model: Model, person: UUID) -> Iterator[Mapping[str, Any]]:
    """A table's rows about a person; where it has several rules, said as whom."""
    rules = [rule for rule in rules_of(model) if rule.export]
    for rule in rules:
        for row in rows.about(model, rule, person):
            yield row if len(rules) == 1 else {"as": rule.person, **row}


def _documents(holder: Holder, person: UUID) -> Iterator[tuple[str, Iterable[bytes]]]:
    if holder.hooks is None:
        return
    gym = current().require_gym()
    for given in holder.hooks.export_person(gym=gym, person_id=person):
        for name, content in given.items():
            yield name, [content] if isinstance(content, bytes) else content
    session().flush()
