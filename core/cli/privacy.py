"""``palestra privacy``: erasures, after a restore."""

import click

from core.app import Installation
from core.privacy.reapplying import reapply


@click.group()
def privacy() -> None:
    """Erased persons."""


@privacy.command("reapply")
@click.pass_obj
def apply_again(installation: Installation) -> None:
    """Erase again whoever was erased since the restored backup was made."""
    click.echo(f"{reapply(installation)} persons erased again.")
