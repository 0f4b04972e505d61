"""``palestra keys``: the keys that sign access tokens, and the master key."""

from datetime import timedelta

import click

from core.app import Installation
from core.app.rotation import reseal_everything, retire_former
from core.auth.keys import KeyRing
from core.config.secrets import master_keys, rotate_master, rotation_finished


@click.group()
def keys() -> None:
    """The keys that sign access tokens, and the master key of what is sealed."""


@keys.command()
@click.pass_obj
def rotate(installation: Installation) -> None:
    """Make a new signing key; the old ones verify until their tokens have run out."""
    key_id = KeyRing.open(installation.settings).rotate()
    click.echo(f"New signing key {key_id}.")


@keys.command("rotate-master")
@click.pass_obj
def rotate_master_key(installation: Installation) -> None:
    """Make a new master key and seal everything anew under it.

    Servers and workers may go on running. Stopped half way, it goes on where it was
    when it is called again. Run it where the audit log is sealed: the key of the
    anchors lies there.
    """
    settings = installation.settings
    if settings.auth.encryption_key is not None:
        click.echo("The master key comes from PALESTRA_ENCRYPTION_KEY; none is made.")
    elif rotate_master(settings):
        click.echo(f"New master key {_current(installation)}.")
    else:
        click.echo(f"Going on with the rotation to {_current(installation)}.")
    done = reseal_everything(installation, _say)
    rotation_finished(settings)
    click.echo(f"{done.total} values sealed anew.")
    for column, number in sorted(done.values.items()):
        click.echo(f"  {column}: {number}")
    for column, number in sorted((+done.broken).items()):
        click.echo(f"  {column}: {number} open under no key and stay as they are")


@keys.command("retire-master")
@click.option(
    "--now", is_flag=True, help="Do not wait until old log-ins by cookie have ended."
)
@click.pass_obj
def retire_master_keys(installation: Installation, *, now: bool) -> None:
    """Remove the former master keys under which nothing is sealed any more.

    A key goes when it was replaced longer ago than a log-in lasts unused. With --now
    ten minutes are enough; browsers that were not seen since then log in again.
    """
    wait = timedelta() if now else installation.settings.auth.refresh_ttl
    removed, young = retire_former(installation, after=wait)
    for key in removed:
        click.echo(f"Removed {key.id.hex()}.")
    for key in young:
        click.echo(f"Kept {key.id.hex()}: it was replaced too short a time ago.")
    if not removed and not young:
        click.echo("There is no former master key.")


def _current(installation: Installation) -> str:
    return master_keys(installation.settings)[0].id.hex()


def _say(gym: str, column: str, number: int) -> None:
    click.echo(f"{gym}: {number} in {column}", err=True)
