"""``palestra tenants``: what the operator does with gyms."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import click
import orjson
from typing_extensions import override

from core.clock import as_rfc3339
from tenants import archive
from tenants.archive import Home, Site
from tenants.erasure import Erasure
from tenants.models import LIMITS, GymRow, GymStatus
from tenants.provisioning import Provisioning


class Platform(Home, Protocol):
    """What these commands need of the installation they run in."""

    @property
    def directory(self) -> Provisioning:
        """The registry of gyms."""


as_json = click.option("--json", "as_json", is_flag=True, help="For machines.")


class Limit(click.ParamType[tuple[str, int]]):
    """``members=500``: one limit of a plan."""

    name = "NAME=NUMBER"

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Reads one limit, or fails with the names there are."""
        name, _, number = str(value).partition("=")
        if name not in LIMITS or not number.isascii() or not number.isdigit():
            message = f"{value!r}: give one of {', '.join(LIMITS)} as NAME=NUMBER."
            self.fail(message, param, ctx)
        return name, int(number)


@click.group()
def tenants() -> None:
    """The gyms of this installation."""


@tenants.command()
@click.argument("slug")
@click.option("--name", required=True, help="As members read it.")
@click.option("--timezone", required=True, help="IANA name, such as Europe/Berlin.")
@click.option("--locale", default="en", show_default=True, help="Language code.")
@click.option("--currency", default="EUR", show_default=True, help="ISO 4217 code.")
@click.option("--admin-email", required=True, help="Address of the first admin.")
@click.option("--admin-name", required=True, help="Name of the first admin.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the admin's password from standard input instead of asking.",
)
@click.option("--domain", "domains", multiple=True, help="A domain of the gym's own.")
@click.option("--limit", "limits", type=Limit(), multiple=True, help="Of its plan.")
@click.option("--cors-origin", "cors_origins", multiple=True, help="May call its API.")
@as_json
@click.pass_obj
def create(
    platform: Platform,
    /,
    *,
    password_stdin: bool,
    limits: tuple[tuple[str, int], ...],
    as_json: bool,
    **wanted: Any,
) -> None:
    """Create the gym SLUG with its first admin; again with both, change nothing."""
    password = _password(from_stdin=password_stdin)
    units = platform.units("operator")
    platform.directory.create(
        units, **wanted, admin_password=password, limits=dict(limits)
    )
    row, domains = platform.directory.show(units, wanted["slug"].strip().lower())
    _say({**_described(row), "domains": list(domains)}, as_json=as_json)


@tenants.command("list")
@as_json
@click.pass_obj
def list_gyms(platform: Platform, *, as_json: bool) -> None:
    """List every gym."""
    rows = platform.directory.rows(platform.units("operator"))
    if as_json:
        click.echo(orjson.dumps([_described(row) for row in rows]).decode())
        return
    for row in rows:
        click.echo(f"{row.slug:<40} {row.status:<10} {row.timezone:<24} {row.name}")


@tenants.command()
@click.argument("slug")
@as_json
@click.pass_obj
def show(platform: Platform, slug: str, *, as_json: bool) -> None:
    """Show the gym SLUG."""
    row, domains = platform.directory.show(platform.units("operator"), slug)
    _say({**_described(row), "domains": list(domains)}, as_json=as_json)


@tenants.command()
@click.argument("slug")
@as_json
@click.pass_obj
def suspend(platform: Platform, slug: str, *, as_json: bool) -> None:
    """Refuse every request to the gym SLUG until it is resumed."""
    _change(platform, slug, GymStatus.SUSPENDED, as_json=as_json)


@tenants.command()
@click.argument("slug")
@as_json
@click.pass_obj
def resume(platform: Platform, slug: str, *, as_json: bool) -> None:
    """Serve the suspended gym SLUG again."""
    _change(platform, slug, GymStatus.ACTIVE, as_json=as_json)


@tenants.command()
@click.argument("slug")
@click.confirmation_option(prompt="A closed gym never opens again. Go on?")
@as_json
@click.pass_obj
def close(platform: Platform, slug: str, *, as_json: bool) -> None:
    """Close the gym SLUG for good; its data stays until it is erased."""
    _change(platform, slug, GymStatus.CLOSED, as_json=as_json)


@tenants.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(platform: Platform, slug: str, *, yes: bool) -> None:
    """Erase the closed gym SLUG: rows, files, keys. Stopped, it goes on when repeated.

    The slug stays taken for ever.
    """
    if not yes:
        typed = click.prompt("This cannot be taken back. Type the slug once more")
        if typed != slug:
            raise click.ClickException("That is another slug; nothing was erased.")
    said = partial(click.echo, err=True)
    erasure = Erasure(platform.units("operator"), platform.anchors, said)
    rows = erasure.finish(erasure.begin(slug))
    click.echo(f"{slug} is erased: {rows} rows.")


@tenants.command()
@click.argument("slug")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(platform: Platform, slug: str, file: Path) -> None:
    """Write the gym SLUG into the new FILE, locked as backups are."""
    try:
        rows = archive.export(Site.of(platform), slug, file)
    except FileExistsError as error:
        raise click.ClickException(f"{file} exists; name another file.") from error
    click.echo(f"{slug} is in {file}: {rows} rows.")


@tenants.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--slug", help="Another slug than the one it had.")
@click.pass_obj
def import_gym(platform: Platform, file: Path, slug: str | None) -> None:
    """Let the gym in FILE in, with its ids; it starts suspended."""
    row = archive.enter(Site.of(platform), file, slug)
    click.echo(f"{row.slug} is here and {row.status}. Resume it when you are ready.")


def _change(platform: Platform, slug: str, status: GymStatus, *, as_json: bool) -> None:
    row = platform.directory.change_status(platform.units("operator"), slug, status)
    if as_json:
        _say(_described(row), as_json=True)
    else:
        click.echo(f"{row.slug} is {row.status}.")


def _password(*, from_stdin: bool) -> str:
    """The password, never as an argument: other users can read those."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt(
        "Password of the admin", hide_input=True, confirmation_prompt=True
    )
    return asked


def _described(row: GymRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "slug": row.slug,
        "name": row.name,
        "status": row.status,
        "timezone": row.timezone,
        "locale": row.locale,
        "currency": row.currency,
        "limits": {name: row.limits[name] for name in LIMITS if name in row.limits},
        "corsOrigins": row.cors_origins,
        "createdAt": as_rfc3339(row.created_at),
    }


def _say(described: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(described).decode())
        return
    for name, value in described.items():
        click.echo(f"{name + ':':<13} {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{name}={part}" for name, part in value.items()]
    if isinstance(value, list):
        value = ", ".join(value)
    return str(value) or "-"
