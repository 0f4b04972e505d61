"""A plugin as `palestra plugins new` writes it works, in a stranger's hands."""

from pathlib import Path

import pytest

from tests.examples.stranger import Stranger

pytestmark = pytest.mark.slow


def test_a_new_plugin_works_as_it_is_written(
    stranger: Stranger, tmp_path: Path
) -> None:
    stranger.succeed("palestra", "plugins", "new", "kettlebells", cwd=tmp_path)
    project = tmp_path / "palestra-kettlebells"
    stranger.succeed("pip", "install", "--editable", ".[dev]", cwd=project)
    try:
        printed = stranger.succeed("pytest", "-q", cwd=project)
        assert " passed" in printed
        check = ["palestra", "plugins", "check", "kettlebells"]
        assert stranger.succeed(*check) == "Nothing to mend.\n"
    finally:
        stranger.succeed("pip", "uninstall", "--yes", "palestra-kettlebells")
