"""A SELECT that is put together as it runs keeps to the actor's reach, too."""

import pytest
from sqlalchemy import select

from core.app import Installation
from core.clock import utc_now
from core.files.models import StoredFile
from core.http.pipeline import Palestra
from core.rbac.scope import grant, visible
from core.testing.kit import TestGym

PEOPLE = ("admin", "coach", "client", "partner")


@pytest.fixture(scope="module")
def gym(app: Palestra, installation: Installation) -> TestGym:
    """A gym where each has a file, and the coach reaches the client's."""
    made = TestGym(app, installation)
    owners = {role: made.actor(role).user_id for role in PEOPLE}
    with made.unit() as session:
        session.add_all(
            StoredFile(
                user_id=owner,
                purpose="test",
                name=role,
                media_type="text/plain",
                size_bytes=1,
                upload_until=utc_now(),
            )
            for role, owner in owners.items()
        )
        coach, client = owners["coach"], owners["client"]
        assert coach is not None
        assert client is not None
        grant(user_id=coach, client_id=client, source="test")
    return made


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("admin", {*PEOPLE}),
        ("coach", {"coach", "client"}),
        ("client", {"client"}),
        ("partner", {"partner"}),
    ],
)
def test_what_each_sees(gym: TestGym, role: str, seen: set[str]) -> None:
    with gym.unit(role) as session:
        rows = session.scalars(select(StoredFile.name).where(visible(StoredFile)))
        assert set(rows) == seen
