"""What nobody completed, and what no row names, goes in the night."""

import io
import os
from datetime import timedelta
from pathlib import Path

from core.clock import utc_now
from core.files import jobs
from core.files.store import incoming_key, object_key
from core.ids import new_id
from core.jobs.outbox import enqueue
from core.jobs.runner import Outcome
from core.testing.kit import TestGym
from tests.core.files.conftest import Files
from tests.core.files.samples import png

NEVER_COMPLETED = timedelta(hours=2)


def tidy(files: Files) -> None:
    with files.gym.unit():
        enqueue(jobs.tidy)
    assert files.run("files.tidy") == [Outcome.DONE]
    assert set(files.run("files.remove")) <= {Outcome.DONE}


def age(files: Files, key: str) -> None:
    """Makes an object look two days old."""
    then = (utc_now() - timedelta(days=2)).timestamp()
    folder = files.desk.store._folder  # noqa: SLF001 — the store has no way to do it
    assert folder is not None
    os.utime(Path(folder) / key, (then, then))


def test_uploads_that_were_never_completed_go(files: Files) -> None:
    sent, signed, fresh = (files.sign(png())["id"] for _ in range(3))
    kept = files.upload()["id"]
    files.desk.store.receive(
        incoming_key(files.gym.id, files.row(sent).id),  # type: ignore[union-attr]
        io.BytesIO(png()),
    )
    for file_id in (sent, signed, kept):
        files.change(file_id, upload_until=utc_now() - NEVER_COMPLETED)
    tidy(files)
    assert [files.row(one) is not None for one in (sent, signed, fresh, kept)] == [
        False,
        False,
        True,
        True,
    ]
    assert len(files.objects()) == 1


def test_refused_files_are_shown_for_a_month(files: Files) -> None:
    ids = [files.sign(png())["id"] for _ in range(2)]
    for file_id, days in zip(ids, (29, 31), strict=True):
        long_ago = utc_now() - timedelta(days=days)
        files.change(file_id, status="rejected", created_at=long_ago)
    tidy(files)
    assert [files.row(one) is not None for one in ids] == [True, False]


def test_content_without_a_row_goes_when_it_is_old(
    files: Files, other_gym: TestGym
) -> None:
    done = files.upload()
    pending = files.sign(png())
    assert files.send(pending, png()).status_code == 204
    store, gym = files.desk.store, files.gym.id
    row = files.row(done["id"])
    assert row is not None
    assert row.object_id is not None
    mine = [object_key(gym, row.object_id), incoming_key(gym, row.id)]
    waiting = incoming_key(gym, files.row(pending["id"]).id)  # type: ignore[union-attr]
    orphans = [object_key(gym, new_id()), incoming_key(gym, new_id())]
    young, foreign = object_key(gym, new_id()), object_key(other_gym.id, new_id())
    strange = f"{gym}/readme.txt"
    for key in (*orphans, young, foreign, strange):
        store.receive(key, io.BytesIO(b"x"))
    for key in (*mine, waiting, *orphans, foreign, strange):
        age(files, key)
    tidy(files)
    left = {one.key for one in files.objects()}
    assert left == {mine[0], waiting, young, strange}
    assert store.size(foreign) == 1
