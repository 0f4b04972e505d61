"""A file desk for the test installation, and jobs run by hand."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.app import Installation
from core.app.reach import RowReach
from core.config import StorageSettings
from core.db.unit import session
from core.db.writes import update_where
from core.files import ACTORS
from core.files.desk import FileDesk
from core.files.models import StoredFile
from core.files.store import FileStore, StoredObject
from core.http.pipeline import Palestra
from core.jobs.models import JobState, OutboxJob
from core.jobs.registry import Registry
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef, Runtime
from core.testing.kit import TestGym
from tests.core.files.samples import png

Opener = Callable[..., FileDesk]


@pytest.fixture
def open_desk(
    installation: Installation, tmp_path: Path
) -> Iterator[Callable[..., FileDesk]]:
    """Replaces the installation's desk by one with other storage settings."""
    services = installation.services
    before = services.get(FileDesk)

    def opened(**storage: Any) -> FileDesk:
        settings = installation.settings
        given: StorageSettings = replace(
            settings.storage, **{"uploads_dir": tmp_path / "uploads", **storage}
        )
        made = FileDesk.of(replace(settings, storage=given), reach=RowReach())
        services.put(FileDesk, made)
        services.put(FileStore, made.store)
        return made

    yield opened
    services.put(FileDesk, before)
    services.put(FileStore, before.store)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one gym, as people handle them, and their jobs."""

    gym: TestGym
    desk: FileDesk
    installation: Installation

    def sign(self, content: bytes, *, role: str = "client", **fields: Any) -> Any:
        body = {
            "purpose": "avatar",
            "name": "me.png",
            "mediaType": "image/png",
            "sizeBytes": len(content),
            **fields,
        }
        return self.gym.api(role).post("/files/sign", body)

    def send(self, signed: Any, content: bytes, **options: Any) -> TestResponse:
        """PUTs content to one of our own addresses, as somebody without a log-in."""
        upload = signed["upload"]
        headers = {**upload["headers"], **options.pop("headers", {})}
        return self.gym.app.test_client().open(
            urlsplit(upload["url"]).path,
            method=upload["method"],
            data=content,
            headers=headers,
            **options,
        )

    def complete(self, file_id: str, *, role: str = "client") -> TestResponse:
        return self.gym.api(role).raw("POST", "/files/complete", json={"id": file_id})

    def upload(
        self, content: bytes = b"", *, role: str = "client", **fields: Any
    ) -> Any:
        """Signs, sends and completes; answers the file."""
        content = content or png()
        signed = self.sign(content, role=role, **fields)
        assert self.send(signed, content).status_code == 204
        answer = self.complete(signed["id"], role=role)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["data"]

    def read(self, url: str, method: str = "GET", **options: Any) -> TestResponse:
        return self.gym.app.test_client().open(
            urlsplit(url).path, method=method, buffered=True, **options
        )

    def row(self, file_id: str) -> StoredFile | None:
        with self.gym.unit():
            return session().scalar(
                select(StoredFile).where(StoredFile.id == UUID(file_id))
            )

    def change(self, file_id: str, **values: Any) -> None:
        with self.gym.unit():
            update_where(
                session(), StoredFile, StoredFile.id == UUID(file_id), values=values
            )

    def objects(self) -> list[StoredObject]:
        parts = self.desk.store.listing(self.gym.id)
        return [one for part in parts for one in part]

    def run(self, kind: str) -> list[Outcome]:
        """Runs the jobs of a kind that wait, those for later included."""
        with self.gym.unit():
            waiting = (
                session()
                .scalars(
                    select(OutboxJob.id).where(
                        OutboxJob.kind == kind,
                        OutboxJob.state.in_([JobState.PENDING, JobState.QUEUED]),
                    )
                )
                .all()
            )
            update_where(
                session(),
                OutboxJob,
                OutboxJob.id.in_(waiting),
                values={"state": JobState.QUEUED, "max_attempts": 20},
            )
        runner = Runner(
            Runtime(
                units=self.installation.units(),
                operator=self.installation.units("operator"),
                in_gym=self.installation.in_gym,
                gyms=list,
                registry=Registry(ACTORS),
                switchable=self.installation.plugins.switchable,
            )
        )
        return [runner.run(JobRef(self.gym.id, one)) for one in waiting]


@pytest.fixture
def files(
    app: Palestra, gym: TestGym, installation: Installation, open_desk: Opener
) -> Files:
    assert app is gym.app
    return Files(gym, open_desk(), installation)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
