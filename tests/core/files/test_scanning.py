"""Files are held until the scanner has seen them."""

import io
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.clock import utc_now
from core.files.clamd import Clamd
from core.files.errors import FileNotReady, ScanFailed, ScanImpossible
from core.files.service import require_file, url_for
from core.jobs.runner import Outcome
from tests.core.files.clamserver import EICAR, ClamServer, clam_server
from tests.core.files.conftest import Files, Opener
from tests.core.files.samples import png

TEXT = {"purpose": "attachment", "name": "a.txt", "mediaType": "text/plain"}


@pytest.fixture
def clamd() -> Iterator[ClamServer]:
    with clam_server() as server:
        yield server


@pytest.fixture
def scanned(files: Files, open_desk: Opener, clamd: ClamServer) -> Files:
    open_desk(clamd_url=clamd.url)
    return files


def held(files: Files, content: bytes, **fields: Any) -> str:
    done = files.upload(content, **fields)
    assert done["status"] == "scanning"
    file_id: str = done["id"]
    return file_id


def test_a_clean_file_is_held_until_it_was_scanned(
    scanned: Files, clamd: ClamServer
) -> None:
    file_id = held(scanned, png())
    waiting = scanned.gym.api("client").raw("GET", f"/files/{file_id}")
    assert waiting.status_code == 202
    assert waiting.get_json()["data"]["url"] is None
    scanned.gym.api("coach").fail(
        "GET", f"/files/{file_id}", expect=409, code="FILE_NOT_READY"
    )
    with scanned.gym.unit("client"):
        for use in (lambda: url_for(UUID(file_id)), _required(file_id)):
            with pytest.raises(FileNotReady):
                use()
    assert scanned.run("files.scan") == [Outcome.DONE]
    assert clamd.seen == [png()]
    shown = scanned.gym.api("coach").get(f"/files/{file_id}")
    assert shown["status"] == "ready"
    assert scanned.read(shown["url"]).data == png()


def _required(file_id: str) -> Any:
    return lambda: require_file(UUID(file_id), "avatar")


def test_an_infected_file_is_deleted(scanned: Files) -> None:
    file_id = held(scanned, EICAR, **TEXT)
    assert scanned.run("files.scan") == [Outcome.DONE]
    shown = scanned.gym.api("client").get(f"/files/{file_id}")
    assert (shown["status"], shown["reason"]) == ("rejected", "FILE_INFECTED")
    assert shown["url"] is None
    scanned.run("files.remove")
    assert scanned.objects() == []
    audits = scanned.gym.api("admin").get("/audits", query={"action": "file.infected"})
    assert [entry["entityId"] for entry in audits] == [file_id]
    assert audits[0]["after"] == {"signature": "Eicar-Test-Signature"}


def test_without_a_verdict_a_file_stays_held(
    scanned: Files, clamd: ClamServer, open_desk: Opener
) -> None:
    file_id = held(scanned, png())
    for answer in (b"stream: ", b"UNKNOWN COMMAND", b"stream: lstat() failed. ERROR"):
        clamd.answer = answer
        assert scanned.run("files.scan") == [Outcome.FAILED]
    assert scanned.row(file_id).status == "scanning"  # type: ignore[union-attr]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        open_desk(clamd_url=f"tcp://127.0.0.1:{closed.getsockname()[1]}")
        assert scanned.run("files.scan") == [Outcome.FAILED]
    open_desk(clamd_url=clamd.url)
    clamd.answer = None
    assert scanned.run("files.scan") == [Outcome.DONE]
    assert scanned.row(file_id).status == "ready"  # type: ignore[union-attr]


def test_what_the_scanner_will_not_take_is_refused(
    scanned: Files, clamd: ClamServer
) -> None:
    clamd.most = 1000
    file_id = held(scanned, b"word " * 400_000, **TEXT)
    assert scanned.run("files.scan") == [Outcome.DONE]
    row = scanned.row(file_id)
    assert row is not None
    assert (row.status, row.reason) == ("rejected", "FILE_UNSCANNABLE")


def test_a_file_whose_scan_was_given_up_gets_another(scanned: Files) -> None:
    file_id = held(scanned, png())
    with scanned.gym.unit():
        from core.jobs.outbox import enqueue  # noqa: PLC0415

        enqueue("files.tidy")
    scanned.change(file_id, completed_at=utc_now() - timedelta(hours=7))
    assert scanned.run("files.tidy") == [Outcome.DONE]
    assert scanned.run("files.scan") == [Outcome.DONE, Outcome.DONE]


def test_a_socket_file_is_an_address_too(tmp_path: Path) -> None:
    path = tmp_path / "clamd.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=_say, args=(listening, b"stream: OK\0"))
        thread.start()
        assert Clamd(f"unix://{path}").scan(io.BytesIO(b"x")) is None
        thread.join()
    with pytest.raises(ScanFailed):
        Clamd(f"unix://{path}").scan(io.BytesIO(b"x"))


def test_a_scanner_that_is_silent_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ScanFailed):
            Clamd(url, patience_s=0.05).scan(io.BytesIO(b"x"))


def test_a_scanner_that_hangs_up_has_said_why(clamd: ClamServer) -> None:
    clamd.most = 10
    with pytest.raises(ScanImpossible):
        Clamd(clamd.url).scan(io.BytesIO(bytes(50_000)))


def _say(listening: socket.socket, words: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(100)
        connection.sendall(words)
