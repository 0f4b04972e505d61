"""``palestra plugins``: what is installed, and what is switched off where."""

import shlex
from pathlib import Path

import click
import orjson
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from core.app import Installation
from core.authoring.checking import check as findings_in
from core.authoring.generator import generate
from core.errors import PluginInUse


@click.group()
def plugins() -> None:
    """The installed plugins."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def list_plugins(installation: Installation, as_json: bool) -> None:  # noqa: FBT001
    """List the installed plugins in load order."""
    rows = [
        {
            "id": manifest.id,
            "title": manifest.title,
            "version": manifest.version,
            "requires": dict(manifest.requires),
            "defaultEnabled": manifest.default_enabled,
            "alwaysOn": manifest.always_on,
        }
        for manifest in installation.plugins.manifests
    ]
    if as_json:
        click.echo(orjson.dumps(rows).decode())
        return
    for row in rows:
        click.echo(f"{row['id']:<14} {row['version']:<10} {row['title']}")


@plugins.command()
@click.argument("plugin_id")
@click.option("--reason", default="", help="For whoever finds it switched off.")
@click.pass_obj
def quarantine(installation: Installation, plugin_id: str, reason: str) -> None:
    """Switch PLUGIN_ID off for every gym, from the next request on."""
    units = installation.units("operator")
    installation.directory.quarantine(units, plugin_id, reason)
    click.echo(f"{plugin_id} is off in every gym. Its data is kept.")


@plugins.command()
@click.argument("plugin_id")
@click.pass_obj
def release(installation: Installation, plugin_id: str) -> None:
    """Let each gym have PLUGIN_ID again as it chose."""
    installation.directory.release(installation.units("operator"), plugin_id)
    click.echo(f"{plugin_id} is as each gym chose.")


@plugins.command()
@click.argument("plugin_id")
@click.option("--gym", "slug", required=True, help="The gym's slug.")
@click.pass_obj
def enable(installation: Installation, plugin_id: str, slug: str) -> None:
    """Switch PLUGIN_ID on in a gym, and with it what it requires."""
    units = installation.units("operator")
    installation.directory.switch(units, slug, plugin_id, on=True)
    click.echo(f"{plugin_id} is on in {slug}.")


@plugins.command()
@click.argument("plugin_id")
@click.option("--gym", "slug", required=True, help="The gym's slug.")
@click.option(
    "--with-dependants", is_flag=True, help="Take along the plugins that need it."
)
@click.pass_obj
def disable(
    installation: Installation,
    plugin_id: str,
    slug: str,
    with_dependants: bool,  # noqa: FBT001 — click's flag
) -> None:
    """Switch PLUGIN_ID off in a gym; its data is kept."""
    installation.directory.switch(
        installation.units("operator"),
        slug,
        plugin_id,
        on=False,
        with_dependants=with_dependants,
    )
    click.echo(f"{plugin_id} is off in {slug}.")


@plugins.command()
@click.argument("plugin_id", metavar="NAME")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the distribution is written; here, unless you say.",
)
@click.pass_obj
def new(installation: Installation, plugin_id: str, folder: Path) -> None:
    """Write the distribution of a new plugin NAME, complete and with its tests."""
    installed = [manifest.id for manifest in installation.plugins.manifests]
    made = generate(plugin_id, folder, installed)
    click.echo(f"{made} is there: a plugin that works. Next:\n")
    click.echo(f"  cd {shlex.quote(str(made))}")
    click.echo("  pip install --editable '.[dev]'")
    click.echo("  pytest")


@plugins.command()
@click.argument("plugin_ids", metavar="[ID]…", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def check(
    installation: Installation,
    plugin_ids: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 — click's flag
) -> None:
    """Hold plugins to the rules, all unless IDs are named; exit 1 on a finding."""
    found = findings_in(installation.plugins, plugin_ids)
    if as_json:
        click.echo(orjson.dumps([finding.as_dict() for finding in found]).decode())
    for finding in () if as_json else found:
        click.echo(finding.as_text(), err=True)
    if found:
        raise click.exceptions.Exit(1)
    if not as_json:
        click.echo("Nothing to mend.")


@plugins.command()
@click.argument("plugin_id")
@click.confirmation_option(
    "--yes", prompt="This deletes what every gym has in this plugin. Go on?"
)
@click.pass_obj
def purge(installation: Installation, plugin_id: str) -> None:
    """Delete the tables of PLUGIN_ID, which no gym has on, with all their rows.

    It is put in quarantine, so that no gym can switch it on meanwhile.
    """
    try:
        installation.purge_plugin(plugin_id)
    except PluginInUse as refusal:
        told = refusal.details or {}
        raise click.ClickException(
            f"{told['count']} gyms have {plugin_id} on: {', '.join(told['gyms'])}. "
            f"Switch it off there: palestra plugins disable {plugin_id} --gym SLUG."
        ) from refusal
    except (CommandError, SQLAlchemyError) as error:
        raise click.ClickException(f"The purge stopped: {error}") from error
    click.echo(f"The tables of {plugin_id} are gone. Uninstall its distribution next.")
