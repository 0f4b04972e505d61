"""``palestra backup`` and ``palestra restore``."""

from importlib.metadata import version
from typing import Any

import click
import orjson
from typing_extensions import override

from core.app import Installation
from core.operations.backup.creation import STANDARD_OUTPUT, create, described
from core.operations.backup.manifest import Manifest
from core.operations.backup.reading import read
from core.operations.backup.restoring import Restored
from core.operations.backup.restoring import restore as restore_into
from core.operations.backup.site import Site
from core.privacy.reapplying import reapply


class _BackupGroup(click.Group):
    """``backup verify FILE`` checks one; ``backup FILE`` makes one."""

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Takes what is no command's name as the file to write."""
        if args and args[0] not in self.commands:
            args = ["create", *args]
        return super().resolve_command(ctx, args)

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Lets options of ``create`` come before the file."""
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_BackupGroup)
def backup() -> None:
    """Write the installation into FILE, or check such a file.

    `palestra backup FILE` is short for `palestra backup create FILE`.
    """


@backup.command("create")
@click.argument("file")
@click.option("--plain", is_flag=True, help="Lock nothing, and leave the keys out.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def create_backup(
    installation: Installation,
    file: str,
    plain: bool,  # noqa: FBT001 — click's flag
    as_json: bool,  # noqa: FBT001 — click's flag
) -> None:
    """Write database, uploads, keys and anchors to FILE; ``-`` is standard output."""
    manifest = create(site_of(installation), file, plain=plain, say=_say)
    if as_json and file != STANDARD_OUTPUT:
        click.echo(described(manifest).decode())
    else:
        _sum_up(manifest, "written to", file)
    for name in manifest.missed:
        click.echo(f"Deleted meanwhile, so not in it: {name}", err=True)


@backup.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def verify(installation: Installation, file: str, as_json: bool) -> None:  # noqa: FBT001
    """Read FILE to its end and hold every byte to its manifest; restores nothing."""
    manifest = read(file, installation.settings)
    if as_json:
        click.echo(described(manifest).decode())
    else:
        _sum_up(manifest, "sound in", file)


@click.command()
@click.argument("file")
@click.option("--replace", is_flag=True, help="Put it in the place of what is there.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def restore(ctx: click.Context, file: str, *, replace: bool, as_json: bool) -> None:
    """Put a backup back, compare every row and file, and upgrade what is older.

    Stop the web and job processes first. Exit code 1 when something differs.
    """
    installation: Installation = ctx.obj
    done = restore_into(
        site_of(installation),
        file,
        replace=replace,
        knows=installation.migrations.knows,
        say=_say,
    )
    installation.migrations.upgrade(said=_say)
    erased = reapply(installation)
    if as_json:
        click.echo(orjson.dumps(_described(done, erased)).decode())
    else:
        _tell(done, erased, file)
    if not done.is_exact:
        ctx.exit(1)


def site_of(installation: Installation) -> Site:
    """The installation as backups see it."""
    migrations = installation.migrations
    return Site(
        settings=installation.settings,
        version=version("palestra"),
        plugins={one.id: one.version for one in installation.plugins.manifests},
        reader=for_libpq(installation.backup_url),
        owner=for_libpq(installation.databases.owner_url),
        version_tables={
            stream.id: stream.version_table for stream in migrations.streams
        },
    )


def for_libpq(url: str) -> str:
    """Takes the driver's name out of a PostgreSQL URL."""
    _scheme, _, rest = url.partition("://")
    return f"postgresql://{rest}"


def _say(line: str) -> None:
    """Progress goes to standard error: standard output may be the backup itself."""
    click.echo(line, err=True)


def _sum_up(manifest: Manifest, verb: str, file: str) -> None:
    keys = "with" if manifest.keys else "without"
    click.echo(
        f"Backup {verb} {file}: {len(manifest.tables)} tables, {manifest.rows} rows, "
        f"{len(manifest.files) - 1} files, {keys} keys.",
        err=file == STANDARD_OUTPUT,
    )
    if manifest.objects is not None:
        click.echo(
            f"Uploads are in {manifest.objects} and not in this file: keep versions "
            "of that bucket.",
            err=True,
        )


def _tell(done: Restored, erased: int, file: str) -> None:
    _sum_up(done.manifest, "restored from", file)
    for table in done.differing:
        click.echo(f"Differs from the backup: table {table}", err=True)
    for name in done.missing:
        click.echo(f"Differs from the backup: file {name}", err=True)
    if done.is_exact:
        click.echo("Every row and file is as it was.")
    if erased:
        click.echo(f"{erased} persons who had been erased were erased again.")
    if done.aside is not None:
        click.echo(f"The former folders are in {done.aside}; delete them in time.")


def _described(done: Restored, erased: int) -> dict[str, Any]:
    return {
        **orjson.loads(described(done.manifest)),
        "exact": done.is_exact,
        "differingTables": done.differing,
        "differingFiles": done.missing,
        "erasedAgain": erased,
        "aside": None if done.aside is None else str(done.aside),
    }
