"""A gym full of somebody's data, and its privacy jobs run by hand."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select

from core.app.background import runtime_of
from core.clock import utc_now
from core.db.base import TenantModel
from core.db.changes import personal_columns
from core.db.services import service
from core.db.unit import session
from core.db.writes import update_where
from core.files.models import FileStatus, StoredFile
from core.files.store import FileStore, object_key
from core.ids import new_id
from core.jobs.models import JobState, OutboxJob
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef, Runtime
from core.privacy.declarations import models_in
from core.privacy.holders import Privacy
from core.testing.kit import TestGym
from tests.contract.world import booking

NOTES = "Knee hurts since Sunday."
GOAL = "Run a marathon in Reykjavik."
PHOTO = b"\x89PNG not looked at here"


@dataclass(frozen=True, slots=True)
class Desk:
    """One gym's requests, and running their jobs."""

    gym: TestGym
    runtime: Runtime

    @property
    def tools(self) -> Privacy:
        return self.gym.installation.services.get(Privacy)

    def run(self, *kinds: str, **values: Any) -> list[Outcome]:
        """Runs the waiting jobs of some kinds, the privacy jobs unless named."""
        refs = self.queue(*kinds, **values)
        return [Runner(self.runtime).run(ref) for ref in refs]

    def run_again(self, ref: JobRef) -> Outcome:
        """Runs a job whose worker died, once its lease is gone."""
        self._hand_over([ref], lease_token=None, lease_until=None)
        return Runner(self.runtime).run(ref)

    def queue(self, *kinds: str, **values: Any) -> list[JobRef]:
        """Hands waiting jobs to the workers, as the relay does."""
        wanted = kinds or ("privacy.export", "privacy.erase")
        with self.gym.unit():
            jobs = session().scalars(
                select(OutboxJob.id).where(
                    OutboxJob.kind.in_(wanted), OutboxJob.state == JobState.PENDING
                )
            )
            refs = [JobRef(self.gym.id, job) for job in jobs]
        self._hand_over(refs, max_attempts=values.get("max_attempts", 8))
        return refs

    def _hand_over(self, refs: list[JobRef], **values: Any) -> None:
        given = {"state": JobState.QUEUED, **values}
        with self.gym.unit():
            for ref in refs:
                update_where(
                    session(), OutboxJob, OutboxJob.id == ref.job_id, values=given
                )

    def erase(self, role: str = "client") -> dict[str, Any]:
        """Has the admin erase the user of a role, job included."""
        body = {"userId": str(self.gym.user(role))}
        asked = self.gym.api("admin").post("/privacy/erase", body, expect=202)
        assert self.run() == [Outcome.DONE]
        return self.request(asked["id"])

    def export(self, role: str = "client") -> "Unpacked":
        """Has the user of a role export their data, job and download included."""
        api = self.gym.api(role)
        asked = api.post("/privacy/export", {}, expect=202)
        assert self.run() == [Outcome.DONE]
        response = api.raw("GET", f"/privacy/requests/{asked['id']}/download")
        assert response.status_code == 200, response.get_data(as_text=True)
        return Unpacked(zipfile.ZipFile(io.BytesIO(response.data)))

    def request(self, request_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.gym.api("admin").get(
            f"/privacy/requests/{request_id}"
        )
        return found


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive that was downloaded."""

    zip: zipfile.ZipFile

    @property
    def names(self) -> set[str]:
        return set(self.zip.namelist())

    def rows(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(self.zip.read(name))
        return found

    @property
    def text(self) -> str:
        return "\n".join(
            self.zip.read(name).decode(errors="replace") for name in self.zip.namelist()
        )


@pytest.fixture
def desk(gym: TestGym) -> Desk:
    return Desk(gym, runtime_of(gym.installation))


@pytest.fixture
def life(desk: Desk) -> dict[str, UUID]:
    """The gym's client and coach, who have met, and told things about themselves."""
    gym = desk.gym
    ids = booking(gym)
    admin = gym.api("admin")
    client, coach = str(ids["clientId"]), str(ids["coachId"])
    admin.patch(f"/members/clients/{client}", {"goals": [GOAL]})
    admin.patch(f"/members/coaches/{coach}", {"bio": "Lifts since 1999."})
    admin.patch(f"/scheduling/sessions/{ids['sessionId']}", {"notes": NOTES})
    body = {"clientId": client, "coachId": coach}
    admin.post("/members/assign-coach", body, expect=200)
    gym.api("client").patch("/me", {"alias": "Speedy", "weight": 71.5, "unit": "kg"})
    return ids


def add_file(gym: TestGym, user_id: UUID, **given: Any) -> tuple[UUID, str]:
    """Gives a person a file; returns its id and where its content lies."""
    row = {
        "id": new_id(),
        "user_id": user_id,
        "purpose": "avatar",
        "name": "me.png",
        "media_type": "image/png",
        "size_bytes": len(PHOTO),
        "status": FileStatus.READY.value,
        "object_id": new_id(),
        "upload_until": utc_now(),
        "completed_at": utc_now(),
        **given,
    }
    with gym.unit() as here:
        here.add(StoredFile(**row))
        here.flush()
        key = object_key(gym.id, row["object_id"])
        service(FileStore).keep(
            key, io.BytesIO(PHOTO), name="me.png", media_type="image/png"
        )
    return row["id"], key


def all_models() -> list[type[TenantModel]]:
    """Core's and the plugins' models of gyms' rows."""
    packages = (None, "plugins.members", "plugins.scheduling", "tenants")
    return [model for package in packages for model in models_in(package)]


def left_of(gym: TestGym, person: UUID) -> list[str]:
    """Columns in which a personal value of a person is left, by the seals of the log.

    A row is about whoever its ``__client_column__`` names, or whose id it has.
    """
    found = []
    with gym.unit() as here:
        for model in all_models():
            about = getattr(model, model.__client_column__ or "id")
            for row in here.scalars(select(model).where(about == person)):
                found += [
                    f"{model.__tablename__}.{name} = {getattr(row, name)!r}"
                    for name in personal_columns(model)
                    if getattr(row, name)
                ]
    return sorted(found)
