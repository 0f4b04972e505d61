"""A production starts without a plugin that does not load; nothing else does."""

from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.app import Installation
from core.config import Settings
from core.config.groups import Environment
from core.plugin.manager import GROUP, PluginLoadError, Plugins
from core.sdk.plugin import Manifest, hookimpl


class Typo:
    """Implements a hook that nobody specified."""

    manifest = Manifest(id="typo", title="Typo", summary="A typo.", version="1")

    @hookimpl
    def blue_prints(self) -> list[object]:
        return []


class Leaning:
    """Requires the one above."""

    manifest = Manifest(
        id="leaning", title="L", summary="Leans.", version="1", requires={"typo": ">0"}
    )


typo, leaning = Typo(), Leaning()


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


FAULTY = [
    entry("broken", "no_such_module.plugin:plugin"),
    entry("typo", f"{__name__}:typo"),
    entry("leaning", f"{__name__}:leaning"),
]


def test_faulty_plugins_and_what_needs_them_are_left_out() -> None:
    sound = list(entry_points(group=GROUP))
    with capture_logs() as logs:
        plugins = Plugins.discover_sound([*FAULTY, *sound])
    assert {one.id for one in plugins.manifests} == {one.name for one in sound}
    told = {one["plugin"]: one for one in logs if one["event"] == "plugin.left_out"}
    assert set(told) == {"broken", "typo", "leaning"}
    assert {one["log_level"] for one in told.values()} == {"error"}
    assert "no_such_module" in told["broken"]["reason"]
    assert "blue_prints" in told["typo"]["reason"]
    assert "requires typo" in told["leaning"]["reason"]


@pytest.mark.parametrize("faulty", FAULTY[:2], ids=lambda one: one.name)
def test_everything_else_stops_at_them(faulty: EntryPoint) -> None:
    with pytest.raises(PluginLoadError, match=faulty.name) as stopped:
        Plugins.discover([faulty])
    assert stopped.value.plugin_id == faulty.name


@pytest.mark.parametrize("environment", list(Environment))
def test_only_production_starts_without_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: Environment
) -> None:
    settings = Settings.load({"PALESTRA_ENV": "test", "PALESTRA_HOME": str(tmp_path)})
    server = replace(settings.server, environment=environment)
    monkeypatch.setattr("core.plugin.manager.entry_points", lambda **_group: FAULTY)
    installation = Installation(replace(settings, server=server))
    installation.start_without_faulty_plugins()
    if environment is Environment.PRODUCTION:
        assert installation.plugins.manifests == []
        return
    with pytest.raises(PluginLoadError):
        _ = installation.plugins
