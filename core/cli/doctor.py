"""``palestra doctor``: what is wrong, and how to mend it."""

from collections.abc import Callable

import click
import orjson

from core.app import Installation
from core.cli.backup import for_libpq
from core.db.embedded import EmbeddedPostgresError
from core.jobs.store import Store
from core.operations.doctor import data, here, jobs, servers
from core.operations.doctor.examination import (
    Check,
    Finding,
    Result,
    State,
    examine,
    failed,
    ok,
    warning,
)
from core.plugin.manager import PluginLoadError
from core.plugin.manifest import ManifestError

_SIGNS = {State.OK: "ok     ", State.WARNING: "WARNING", State.FAILED: "FAILED "}
_DATABASE = ("plugins", "database")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look at everything an installation needs; exit 1 when something is wrong."""
    installation: Installation = ctx.obj
    results = examine(checks_of(installation))
    if as_json:
        click.echo(orjson.dumps([_described(one) for one in results]).decode())
    else:
        for one in results:
            _say(one)
    if any(one.finding.state is State.FAILED for one in results):
        ctx.exit(1)


def checks_of(installation: Installation) -> list[Check]:
    """Every check, those that others stand on first."""
    settings = installation.settings
    checks: list[tuple[str, Callable[[], Finding], tuple[str, ...]]] = [
        ("settings", lambda: here.settings_of(settings), ()),
        ("home", lambda: here.home_of(settings), ()),
        ("keys", lambda: here.keys_of(settings), ()),
        ("plugins", lambda: _plugins(installation), ()),
        ("database", lambda: _database(installation), ("plugins",)),
        ("roles", lambda: data.roles_bound(_urls(installation)), _DATABASE),
        ("migrations", lambda: data.at_head(installation.migrations), _DATABASE),
        (
            "models",
            lambda: data.models_agree(installation.migrations),
            (*_DATABASE, "migrations"),
        ),
        ("walls", lambda: data.walls_up(_urls(installation)["owner"]), _DATABASE),
        ("clock", lambda: data.clocks_agree(_urls(installation)["app"]), _DATABASE),
        (
            "quarantine",
            lambda: _quarantine(installation),
            (*_DATABASE, "migrations"),
        ),
        ("redis", lambda: servers.redis_of(settings), ()),
        (
            "jobs",
            lambda: jobs.outbox_moves(_store(installation)),
            (*_DATABASE, "migrations"),
        ),
        (
            "dead-jobs",
            lambda: jobs.none_dead(_store(installation)),
            (*_DATABASE, "migrations"),
        ),
        ("mail", lambda: servers.mail_of(settings), ()),
        ("storage", lambda: here.uploads_of(settings), ()),
        ("backup", lambda: here.backup_of(settings), ()),
    ]
    return [Check(name, look, needs) for name, look, needs in checks]


def _plugins(installation: Installation) -> Finding:
    try:
        names = [one.id for one in installation.plugins.manifests]
    except (PluginLoadError, ManifestError) as error:
        return failed(str(error), "Mend the plugin, or uninstall its distribution.")
    return ok(f"{len(names)} load: {', '.join(names)}.")


def _quarantine(installation: Installation) -> Finding:
    with installation.units("operator").open(None) as session:
        off = installation.directory.quarantined(session)
    if off:
        told = ", ".join(
            f"{name} ({why})" if why else name for name, why in off.items()
        )
        return warning(
            f"Switched off in every gym: {told}.",
            "Mend or update it, then `palestra plugins release ID`.",
        )
    return ok("No plugin is in quarantine.")


def _database(installation: Installation) -> Finding:
    try:
        url = _urls(installation)["app"]
    except EmbeddedPostgresError as error:
        return failed(str(error), "Do what the message says.")
    return data.reachable(url)


def _urls(installation: Installation) -> dict[str, str]:
    databases = installation.databases
    return {
        "app": for_libpq(databases.app.url.render_as_string(hide_password=False)),
        "operator": for_libpq(
            databases.operator.url.render_as_string(hide_password=False)
        ),
        "owner": for_libpq(databases.owner_url),
    }


def _store(installation: Installation) -> Store:
    return Store(installation.units("operator"))


def _say(result: Result) -> None:
    finding = result.finding
    click.echo(f"{_SIGNS[finding.state]} {result.check:<11} {finding.detail}")
    if finding.remedy:
        click.echo(f"{'':<20}→ {finding.remedy}")


def _described(result: Result) -> dict[str, str | float]:
    return {
        "check": result.check,
        "state": result.finding.state.value,
        "detail": result.finding.detail,
        "remedy": result.finding.remedy,
        "seconds": round(result.seconds, 3),
    }
