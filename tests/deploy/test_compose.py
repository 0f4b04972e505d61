"""The container files say what the commands and the settings say."""

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from core.config import VARIABLES
from core.db.roles import backup_statements, database_statements, role_statements

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"
ENVIRONMENTS = (
    COMPOSE / "env.example",
    COMPOSE.parent / "palestra.env.example",
    COMPOSE.parent / "backup.env.example",
)
_NAME = re.compile(r"^#?\s*([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    services: dict[str, Any] = found["services"]
    return services


def test_the_roles_are_those_that_the_command_prints() -> None:
    drawn = [*role_statements(), *database_statements("palestra")]
    drawn += backup_statements("palestra")
    written = (COMPOSE / "roles.sql").read_text().splitlines()
    statements = [line for line in written if line and not line.startswith("--")]
    assert statements == [f"{one};" for one in drawn]


def test_every_variable_of_the_examples_is_one_of_ours() -> None:
    ours = {*VARIABLES}
    for path in ENVIRONMENTS:
        named = {name for name in _NAME.findall(path.read_text()) if "PALESTRA" in name}
        foreign = {
            name
            for name in named - ours
            # Read by the scripts and the compose file beside, not by the platform.
            if name not in path.parent.joinpath("compose", "compose.yaml").read_text()
            and name not in (COMPOSE / "compose.yaml").read_text()
            and not any(
                name in script.read_text() for script in COMPOSE.parent.rglob("*.sh")
            )
        }
        assert foreign == set(), path.name


def test_what_serves_waits_for_what_it_needs_and_is_looked_after() -> None:
    found = services()
    assert {"database", "redis", "web", "worker"} <= found.keys()
    for name in ("database", "redis", "web"):
        assert "healthcheck" in found[name], name
    assert all("restart" in one for name, one in found.items() if name != "migrate")
