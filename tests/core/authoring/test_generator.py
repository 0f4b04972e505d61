"""New plugins: written whole or not at all, under an id that can be used."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from core.authoring.errors import AuthoringFailed
from core.authoring.generator import SKELETON, generate
from tests.core.authoring.workshop import run

LONGEST = "averyverylongnameofaplugin12345"


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    }


def test_every_file_of_the_skeleton_is_written(tmp_path: Path) -> None:
    made = generate("kettlebells", tmp_path / "new" / "place", ())
    assert made == tmp_path / "new" / "place" / "palestra-kettlebells"
    assert len(files(made)) == len(files(SKELETON))
    assert {
        "README.md",
        "pyproject.toml",
        "docs/kettlebells.md",
        "palestra_kettlebells/plugin.py",
        "palestra_kettlebells/templates/kettlebells.item_added.de.txt.j2",
        "tests/test_contract.py",
    } <= files(made)
    (revision,) = (made / "palestra_kettlebells" / "migrations").iterdir()
    assert re.fullmatch(r"\d{12}__tables\.py", revision.name)


def test_no_word_of_the_skeleton_is_left(tmp_path: Path) -> None:
    made = generate("kettlebells", tmp_path, ())
    left = re.compile("(?i:sample|tmpl)|REVISION|PALESTRA_VERSION|YYYY")
    texts = {name: (made / name).read_text() for name in files(made)}
    assert {name for name, text in texts.items() if left.search(name + text)} == set()
    assert f'"palestra>={version("palestra")}"' in texts["pyproject.toml"]


def test_two_plugins_have_revisions_of_their_own(tmp_path: Path) -> None:
    found = set()
    for plugin_id in ("kettlebells", "towels"):
        made = generate(plugin_id, tmp_path, ())
        (path,) = made.glob("palestra_*/migrations/*.py")
        found |= set(
            re.findall(r'^revision = "([0-9a-f]{12})"$', path.read_text(), re.MULTILINE)
        )
    assert len(found) == 2


@pytest.mark.parametrize(
    ("plugin_id", "reason"),
    [
        ("Towels", "lower-case word"),
        ("to-wels", "lower-case word"),
        ("../towels", "lower-case word"),
        ("", "lower-case word"),
        ("users", "name of core's"),
        ("members", "is installed"),
        ("mem", "beginning of the other"),
        ("membership", "beginning of the other"),
    ],
)
def test_an_id_that_no_plugin_could_have_is_refused(
    tmp_path: Path, plugin_id: str, reason: str
) -> None:
    installed = ["members", "memb"] if plugin_id == "membership" else ["members"]
    with pytest.raises(AuthoringFailed, match=reason):
        generate(plugin_id, tmp_path, installed)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "palestra-towels"
    there.mkdir()
    with pytest.raises(AuthoringFailed, match="exists already"):
        generate("towels", tmp_path, ())
    assert list(there.iterdir()) == []


def test_half_a_plugin_is_never_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.write_text

    def full_disk(path: Path, text: str, *rest: str) -> int:
        if path.name == "service.py":
            raise OSError(28, "No space left on device")
        return written(path, text, *rest)

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(AuthoringFailed, match="No space left"):
        generate("towels", tmp_path, ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_command_says_what_to_do_next(tmp_path: Path) -> None:
    ran = run("plugins", "new", "towels", home=tmp_path / "home", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    commands = [line.strip() for line in ran.stdout.splitlines() if line[:2] == "  "]
    assert commands == [
        "cd palestra-towels",
        "pip install --editable '.[dev]'",
        "pytest",
    ]
    assert (tmp_path / "palestra-towels" / "pyproject.toml").is_file()
    again = run("plugins", "new", "towels", home=tmp_path / "home", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("palestra: palestra-towels exists already")


@pytest.mark.slow
@pytest.mark.parametrize("plugin_id", ["ab", "kettlebells", LONGEST])
def test_what_is_written_is_in_style_and_typed(tmp_path: Path, plugin_id: str) -> None:
    made = generate(plugin_id, tmp_path, ())
    for command in (
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--no-cache", "--check"],
        ["mypy", "--cache-dir", str(tmp_path / "mypy")],
    ):
        ran = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=made,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
