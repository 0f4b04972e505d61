"""``palestra db``: migrations and roles."""

import click
from alembic.util import CommandError

from core.app import Installation
from core.cli.processes import await_database
from core.db.migrate import MigrationFailed
from core.db.roles import backup_statements, database_statements, role_statements


@click.group()
def db() -> None:
    """Migrations and database roles."""


@db.command()
@click.pass_obj
def upgrade(installation: Installation) -> None:
    """Bring every table to the newest revision."""
    await_database(installation)
    try:
        installation.migrations.upgrade(said=click.echo)
    except MigrationFailed as error:
        raise click.ClickException(f"The upgrade stopped at {error}") from error
    click.echo("The database is up to date.")


@db.command()
@click.pass_obj
def check(installation: Installation) -> None:
    """Say whether the database and the models agree; exit 1 when not."""
    findings = [*installation.migrations.pending().values()]
    if not findings:
        findings = installation.migrations.differences()
    for line in findings:
        click.echo(line, err=True)
    if findings:
        raise click.ClickException("Run `palestra db upgrade`, or write the revision.")
    click.echo("The database and the models agree.")


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("stream")
@click.argument("revision")
@click.confirmation_option(prompt="A downgrade may delete data. Go on?")
@click.pass_obj
def downgrade(installation: Installation, stream: str, revision: str) -> None:
    """Take STREAM (core or a plugin) back to REVISION (-1, base, an id)."""
    try:
        installation.migrations.downgrade(stream, revision)
    except (LookupError, CommandError) as error:
        raise click.ClickException(str(error)) from error
    current = installation.migrations.current(stream)
    click.echo(f"{stream} is at {current or 'nothing'}.")


@db.command()
@click.argument("stream")
@click.argument("message")
@click.pass_obj
def revision(installation: Installation, stream: str, message: str) -> None:
    """Write a new revision of STREAM from what its models say."""
    try:
        installation.migrations.revision(stream, message)
    except (LookupError, CommandError) as error:
        raise click.ClickException(str(error)) from error


@db.command()
@click.option("--database", default="palestra", show_default=True)
def roles(database: str) -> None:
    """Print the SQL that a server's administrator runs once."""
    statements = [
        *role_statements(),
        *database_statements(database),
        *backup_statements(database),
    ]
    for statement in statements:
        click.echo(f"{statement};")
    click.echo("-- Then give each role a password: ALTER ROLE palestra_app PASSWORD …;")
