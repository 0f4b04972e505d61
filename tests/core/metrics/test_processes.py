"""Several processes count as one, and go on counting when one of them is killed."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from benchmarks.metrics_processes import lose_one, platform

REPOSITORY = Path(__file__).parents[3]

COUNT = """
import os, sys
from pathlib import Path
from core.config import tell_metrics_folder
from core.metrics import counter, gauge, share
from core.metrics.exposition import Exposition

folder = Path(sys.argv[1])
calls = counter("calls_total", "Calls.", ("kind",))
level = gauge("level", "Level.")
tell_metrics_folder(folder)
share(folder, "parent")

def child(many, kind):
    pid = os.fork()
    if pid:
        return pid
    share(folder, kind)
    for _ in range(many):
        calls.inc("a")
    level.set(many)
    os._exit(0)

def figures():
    text = Exposition({}, {}).render().decode()
    return [line for line in text.splitlines() if line.startswith(("calls", "level"))]

def files():
    return len(list(folder.glob("*.db")))
"""


def run(folder: Path, script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", COUNT + textwrap.dedent(script), str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_dead_processes_keep_their_counts_and_lose_their_levels(tmp_path: Path) -> None:
    assert run(
        tmp_path / "run",
        """
        calls.inc("a")
        for many in (10, 20, 30):
            os.waitpid(child(many, "web"), 0)
        print(*figures(), sep="\\n")
        """,
    ) == ['calls_total{kind="a"} 61.0', "level 0.0"]


def test_files_do_not_pile_up_when_processes_come_and_go(tmp_path: Path) -> None:
    before, after, figure = run(
        tmp_path / "run",
        """
        os.waitpid(child(1, "web"), 0)
        print(files())
        for _ in range(20):
            os.waitpid(child(1, "web"), 0)
        print(files())
        print(figures()[0])
        """,
    )
    assert before == after
    assert figure == 'calls_total{kind="a"} 21.0'


def test_who_comes_to_an_empty_folder_begins_anew(tmp_path: Path) -> None:
    script = 'calls.inc("a"); print(figures()[0])'
    for _ in range(2):
        assert run(tmp_path / "run", script) == ['calls_total{kind="a"} 1.0']


def test_who_comes_later_joins(tmp_path: Path) -> None:
    assert run(
        tmp_path / "run",
        """
        import subprocess
        calls.inc("a")
        code = (
            "import sys; from pathlib import Path;"
            "from core.config import tell_metrics_folder;"
            "from core.metrics import counter, share;"
            "folder = Path(sys.argv[1]); tell_metrics_folder(folder);"
            "share(folder, 'work');"
            "counter('calls_total', 'Calls.', ('kind',)).inc('a', by=5)"
        )
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
        print(figures()[0])
        """,
    ) == ['calls_total{kind="a"} 6.0']


@pytest.mark.slow
def test_web_processes_count_every_request_once(tmp_path: Path) -> None:
    with platform(tmp_path, workers=2) as found:
        found.ask(200)
        assert found.counted() == (200, 200)
        lose_one(found)
        found.ask(100)
        assert found.counted() == (300, 300)
