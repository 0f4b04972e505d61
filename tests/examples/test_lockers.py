"""The example, installed beside Palestra by a stranger."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.stranger import Stranger, example

# What they share takes a minute to make, so one process runs them all.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("lockers")]

VISIT = str(Path(__file__).with_name("visit.py"))


def visit(
    stranger: Stranger, *arguments: str, home: Path | None = None
) -> dict[str, Any]:
    """What ``visit.py`` prints last; the log comes before it."""
    other = ["env", f"PALESTRA_HOME={home}"] if home else []
    printed = stranger.succeed(*other, "python", VISIT, *arguments)
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def test_nothing_comes_from_the_checkout(stranger: Stranger) -> None:
    where = stranger.succeed("python", "-c", "import core; print(core.__file__)")
    assert where.startswith(str(stranger.folder / "venv"))


def test_its_own_tests_pass_and_it_keeps_the_rules(
    stranger: Stranger, tmp_path: Path
) -> None:
    """Among them are those of gyms that have it off beside others that have it on."""
    project = example(tmp_path)
    stranger.install(project)
    printed = stranger.succeed("pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert " passed" in printed
    assert "skipped" not in printed
    assert (
        stranger.succeed("palestra", "plugins", "check", "lockers")
        == "Nothing to mend.\n"
    )


def test_it_is_purged_where_no_gym_has_it_on(
    stranger: Stranger, tmp_path: Path
) -> None:
    stranger.install(example(tmp_path))
    home = tmp_path / "home"
    palestra = ["env", f"PALESTRA_HOME={home}", "palestra"]
    stranger.succeed(*palestra, "db", "upgrade")
    slug = visit(stranger, "fill", home=home)["gym"]

    refused = stranger.run(*palestra, "plugins", "purge", "lockers", "--yes")
    assert refused.returncode == 1
    assert f"1 gyms have lockers on: {slug}." in refused.stderr
    refused = stranger.run(*palestra, "plugins", "purge", "nowhere", "--yes")
    assert "no plugin nowhere" in refused.stderr

    stranger.succeed(*palestra, "plugins", "disable", "lockers", "--gym", slug)
    stranger.succeed(*palestra, "plugins", "purge", "lockers", "--yes")
    checked = stranger.run(*palestra, "db", "check")
    assert "lockers: at nothing" in checked.stderr
    stranger.succeed("pip", "uninstall", "--yes", "palestra-lockers")
    stranger.succeed(*palestra, "db", "check")
    (entry,) = visit(stranger, "look", slug, home=home)["audits"]
    assert entry["action"] == "lockers.unit.create"


def test_palestra_goes_on_without_it(stranger: Stranger, tmp_path: Path) -> None:
    """Uninstalled, it leaves its rows, and the log still tells what was done."""
    stranger.install(example(tmp_path))
    stranger.succeed("palestra", "db", "upgrade")
    made = visit(stranger, "fill")
    before = visit(stranger, "look", made["gym"])
    assert before["routes"] == 200
    assert [one["entityId"] for one in before["audits"]] == [made["locker"]]

    stranger.succeed("pip", "uninstall", "--yes", "palestra-lockers")
    assert "lockers" not in stranger.succeed("palestra", "plugins", "list")
    stranger.succeed("palestra", "db", "upgrade")
    stranger.succeed("palestra", "db", "check")
    after = visit(stranger, "look", made["gym"])
    assert after["audits"] == before["audits"]
    assert after["routes"] == 404
    assert "lockers" not in after["plugins"]

    stranger.install(example(tmp_path / "again"))
    stranger.succeed("palestra", "db", "upgrade")
    again = visit(stranger, "look", made["gym"])
    assert (again["routes"], again["audits"]) == (200, before["audits"])
