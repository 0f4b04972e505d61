"""The command's root: options, errors, and the commands of core and plugins."""

import sys
from typing import Any

import click
import psycopg
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from core.app import Installation
from core.auth.keys import KeyRingError
from core.authoring.errors import AuthoringFailed
from core.cli.audit import audit
from core.cli.backup import backup, restore
from core.cli.database import db
from core.cli.doctor import doctor
from core.cli.documents import openapi
from core.cli.gyms import demo, users
from core.cli.jobs import jobs
from core.cli.keys import keys
from core.cli.plugins import plugins
from core.cli.privacy import privacy
from core.cli.serve import serve, up
from core.cli.worker import worker
from core.config import Settings, SettingsError
from core.config.secrets import MasterKeyError
from core.db.embedded import EmbeddedPostgresError
from core.errors import AppError
from core.logging import configure_logging
from core.notifications.errors import TemplateDefect
from core.operations.errors import OperationFailed
from core.plugin.manager import PluginLoadError
from core.plugin.manifest import ManifestError

EXPECTED = (
    SettingsError,
    EmbeddedPostgresError,
    PluginLoadError,
    ManifestError,
    KeyRingError,
    MasterKeyError,
    TemplateDefect,
    OperationFailed,
    AppError,
    AuthoringFailed,
)
"""Failures whose message says what to do; anything else shows its traceback."""


class PluginGroup(click.Group):
    """The root group: plugins' own commands are found when they are asked for."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names core's commands and the plugins'."""
        return sorted({*super().list_commands(ctx), *_contributed(ctx)})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Finds a command; core's own win."""
        own = super().get_command(ctx, cmd_name)
        return own or _contributed(ctx).get(cmd_name)


def _contributed(ctx: click.Context) -> dict[str, click.Command]:
    return {
        command.name: command
        for group in installation_of(ctx).plugins.all_gyms.commands()
        for command in group
        if command.name
    }


def installation_of(ctx: click.Context) -> Installation:
    """The installation that the command works on, built at first need."""
    if not isinstance(ctx.obj, Installation):
        ctx.obj = _installation()
        ctx.call_on_close(ctx.obj.close)
    return ctx.obj


def _installation() -> Installation:
    settings = Settings.load()
    configure_logging(settings.log)
    return Installation(settings)


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="palestra")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Palestra: the back end for gyms, studios and coaches."""
    installation_of(ctx)


for command in (
    up,
    serve,
    worker,
    db,
    jobs,
    plugins,
    users,
    demo,
    keys,
    openapi,
    audit,
    privacy,
    backup,
    restore,
    doctor,
):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> Any:
    """Runs the command.

    Exit codes: 0 done, 1 refused with one line that says why, 2 wrong usage.
    """
    try:
        cli.main(args=arguments, prog_name="palestra", standalone_mode=True)
    except EXPECTED as error:
        for line in [*str(error).splitlines(), *_details_of(error)]:
            click.echo(f"palestra: {line}", err=True)
        sys.exit(1)
    except (OperationalError, psycopg.OperationalError) as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).strip().splitlines()[0]
        click.echo(
            f"palestra: The database cannot be used: {reason}. Check DATABASE_URL and "
            "whether the server runs.",
            err=True,
        )
        sys.exit(1)


def _details_of(error: Exception) -> list[str]:
    """What an ``AppError`` tells besides its sentence, a line each."""
    details = error.details if isinstance(error, AppError) else None
    return [
        f"  {name}: {one}"
        for name, value in (details or {}).items()
        for one in (value if isinstance(value, list | tuple) else [value])
    ]
