"""Follows the guide for authors: its commands, as they are written, in one shell."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks
from tests.examples.stranger import Stranger

# What they share takes a minute to make, so one process runs them all.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("guide")]

GUIDE = blocks((DOCS / "plugin-guide.md").read_text("utf-8"), "sh")
EXPECTATION = re.compile(r"^# (.+)$", re.MULTILINE)
RECORD_SEPARATOR = "\036"


@pytest.fixture(scope="module")
def printed(stranger: Stranger, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block printed."""
    folder = tmp_path_factory.mktemp("guide")
    script = folder / "guide.sh"
    script.write_text("set -e\n" + "printf '\\036'\n".join(GUIDE), "utf-8")
    home = f"PALESTRA_HOME={folder / 'home'}"
    try:
        ran = stranger.run("env", home, "sh", str(script), cwd=folder)
    finally:
        stranger.succeed("pip", "uninstall", "--yes", "palestra-kettlebells")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split(RECORD_SEPARATOR)


def test_every_block_ran(printed: list[str]) -> None:
    assert len(printed) == len(GUIDE) > 5


@pytest.mark.parametrize("number", range(len(GUIDE)))
def test_each_block_prints_what_the_guide_says(printed: list[str], number: int) -> None:
    for expected in EXPECTATION.findall(GUIDE[number]):
        assert expected in printed[number]


def test_the_guide_names_every_code_of_the_check() -> None:
    rules = Path(__file__).resolve().parents[2] / "core" / "authoring" / "rules"
    codes = {
        code
        for path in rules.glob("*.py")
        for code in re.findall(r'"([A-Z]+_[A-Z_]+)"', path.read_text("utf-8"))
    }
    guide = (DOCS / "plugin-guide.md").read_text("utf-8")
    assert len(codes) > 15
    assert {code for code in codes if f"`{code}`" not in guide} == set()
