"""Takes the tour: its commands, as they are written, against a served platform."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.pages import DOCS, ROOT, blocks

# One process runs the tour and looks at what came of it.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tour")]

TOUR = blocks((DOCS / "tour.md").read_text("utf-8"), "sh")
EXPECTATION = re.compile(r"^# (?:(\d{3})\b ?)?([A-Z][A-Z_]{3,})?(.*)$", re.MULTILINE)
RECORD_SEPARATOR = "\036"
"""Parts what one block printed from what the next one did."""


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where ``palestra up`` listens, with a home of its own."""
    chosen = free_port()
    home = tmp_path_factory.mktemp("tour")
    log = home / "log"
    own = ["DATABASE_URL", "REDIS_URL", "PALESTRA_ENV"]
    command = [
        "env",
        *(part for name in own for part in ("-u", name)),
        f"PORT={chosen}",
        f"PALESTRA_HOME={home / 'home'}",
        "PALESTRA_WORKERS=1",
        str(Path(sys.executable).with_name("palestra")),
        "up",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            wait_until_ready(process, chosen, log)
            yield chosen
        finally:
            process.terminate()
            process.wait(timeout=120)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"http://127.0.0.1:{port}/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"`palestra up` did not get ready:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def printed(port: int, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of the page printed, all of them run in one shell."""
    if shutil.which("curl") is None:
        pytest.fail("The tour is made of curl commands: install curl to test it.")
    script = tmp_path_factory.mktemp("page") / "tour.sh"
    script.write_text("printf '\\036'\n".join(TOUR), "utf-8")
    run = subprocess.run(
        ["env", f"PORT={port}", "sh", str(script)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.stderr == ""
    return run.stdout.split(RECORD_SEPARATOR)


def test_every_block_ran(printed: list[str]) -> None:
    assert len(printed) == len(TOUR)


@pytest.mark.parametrize("number", range(len(TOUR)))
def test_the_answer_is_what_the_page_says(printed: list[str], number: int) -> None:
    expected = EXPECTATION.search(TOUR[number])
    if expected is None:
        assert printed[number] == "", "A block that prints has to say what."
        return
    status, code, piece = expected.groups()
    body, _, printed_status = printed[number].rstrip("\n").rpartition("\n")
    if status is not None:
        assert printed_status == status, body
    if code is not None:
        assert error_of(body)["code"] == code
    elif status is not None and body:
        assert "error" not in json.loads(body)
    assert piece.strip() in printed[number]


def error_of(body: str) -> Any:
    return json.loads(body)["error"]


def test_the_page_shows_what_matters() -> None:
    """So that the page cannot lose its point with its commands."""
    codes = {code for block in TOUR for _, code, _ in EXPECTATION.findall(block)}
    assert codes >= {
        "PLUGIN_DISABLED",
        "SESS_OVERLAP",
        "SESS_OUTSIDE_AVAILABILITY",
        "TENANT_MISMATCH",
        "FORBIDDEN",
    }
