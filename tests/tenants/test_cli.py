"""``palestra tenants``."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from core.errors import TenantUnknown
from core.ids import new_id
from tenants.cli import tenants
from tenants.errors import GymExists
from tenants.operator_cli import operators
from tenants.plugin import plugin
from tests.tenants.world import World

PASSWORD = "Correct-Horse-7!"
Run = Callable[..., Result]


class Platform:
    def __init__(self, world: World) -> None:
        self.directory = world.directory
        self._world = world

    def units(self, role: str) -> Any:
        return {"app": self._world.units, "operator": self._world.operator}[role]


@pytest.fixture
def run(world: World) -> Run:
    def invoke(*arguments: str, typed: str | None = None) -> Result:
        with capture_logs():  # unconfigured, they would stand among the output
            return CliRunner().invoke(
                tenants,
                arguments,
                obj=Platform(world),
                input=typed,
                catch_exceptions=False,
            )

    return invoke


def creation(slug: str, *more: str) -> list[str]:
    return [
        "create",
        slug,
        "--name=Iron Temple",
        "--timezone=America/New_York",
        f"--admin-email=olivia@{slug}.example",
        "--admin-name=Olivia Grant",
        *more,
    ]


@pytest.fixture
def slug() -> str:
    return f"cli-{new_id().hex[-16:]}"


def test_a_gym_is_created_once_and_described(run: Run, slug: str) -> None:
    arguments = creation(
        slug,
        "--password-stdin",
        "--json",
        "--limit=members=500",
        f"--domain={slug}.example",
    )
    made = run(*arguments, typed=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    described = orjson.loads(made.stdout)
    assert described["slug"] == slug
    assert described["limits"] == {"members": 500}
    assert described["domains"] == [f"{slug}.example"]
    assert orjson.loads(run(*arguments, typed=f"{PASSWORD}\n").stdout) == described
    assert orjson.loads(run("show", slug, "--json").stdout) == described
    assert PASSWORD not in made.output


def test_people_read_lists_without_brackets(run: Run, slug: str) -> None:
    limits = ("--limit=members=50", "--limit=staff=5")
    made = run(*creation(slug, "--password-stdin", *limits), typed=PASSWORD)
    lines = [line.split(maxsplit=1) for line in made.output.splitlines()]
    assert ["limits:", "members=50, staff=5"] in lines
    assert ["domains:", "-"] in lines


def test_the_package_brings_the_command() -> None:
    assert list(plugin.commands()) == [tenants, operators]


def test_the_password_is_asked_for_twice_and_not_shown(run: Run, slug: str) -> None:
    made = run(*creation(slug), typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert ["status:", "active"] in [line.split() for line in made.output.splitlines()]


def test_another_admin_is_refused(run: Run, slug: str) -> None:
    run(*creation(slug, "--password-stdin"), typed=PASSWORD)
    changed = creation(slug, "--password-stdin", "--admin-email=eve@other.example")
    with pytest.raises(GymExists):
        run(*changed, typed=PASSWORD)


@pytest.mark.parametrize("limit", ["members", "nosuch=5", "members=-1", "members=²"])
def test_wrong_limits_are_wrong_usage(run: Run, slug: str, limit: str) -> None:
    refused = run(*creation(slug, f"--limit={limit}"))
    assert refused.exit_code == 2
    assert "requestsPerMinute" in refused.output


def test_status_commands(run: Run, slug: str) -> None:
    run(*creation(slug, "--password-stdin"), typed=PASSWORD)
    assert run("suspend", slug).output == f"{slug} is suspended.\n"
    assert orjson.loads(run("resume", slug, "--json").stdout)["status"] == "active"
    declined = run("close", slug, typed="n\n")
    assert declined.exit_code == 1
    assert "active" in run("show", slug).output
    assert run("close", slug, "--yes").output == f"{slug} is closed.\n"


def test_gyms_are_listed(run: Run, slug: str) -> None:
    run(*creation(slug, "--password-stdin"), typed=PASSWORD)
    listed = [row["slug"] for row in orjson.loads(run("list", "--json").stdout)]
    assert slug in listed
    assert listed == sorted(listed)
    lines = run("list").stdout.splitlines()
    assert [line.split() for line in lines if line.startswith(slug)] == [
        [slug, "active", "America/New_York", "Iron", "Temple"]
    ]


def test_unknown_gyms_are_refused(run: Run) -> None:
    for command in (["show"], ["suspend"], ["resume"], ["close", "--yes"]):
        with pytest.raises(TenantUnknown, match="no-such"):
            run(*command, "no-such")
