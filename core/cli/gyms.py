"""``palestra users`` and ``palestra demo``."""

import sys

import click
from marshmallow import ValidationError

from core.access import Role
from core.app import Installation
from core.app.demo import create_demo_gyms
from core.auth.schemas import MAX_NAME
from core.http.schema import Line
from core.sdk.users import create_user


@click.group()
def users() -> None:
    """People of one gym."""


@users.command()
@click.option("--gym", "slug", required=True, help="The gym's slug.")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ADMIN.value,
    show_default=True,
)
@click.option(
    "--password-stdin", is_flag=True, help="Read it from the first line of the input."
)
@click.pass_obj
def create(
    installation: Installation,
    slug: str,
    email: str,
    name: str,
    role: str,
    password_stdin: bool,  # noqa: FBT001 — click's flag
) -> None:
    """Create an active user; asks for the password.

    It is never an argument, where every user of the machine could read it.
    """
    name = _one_line(name)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
    with installation.in_gym(installation.find_gym(slug)):
        user = create_user(email=email, name=name, role=role, password=password)
        click.echo(f"{user.id} {user.email} is {role} of {slug}.")


def _one_line(name: str) -> str:
    """A name as the API would take it."""
    try:
        return str(Line(maximum=MAX_NAME).deserialize(name))
    except ValidationError as error:
        raise click.BadParameter(
            " ".join(str(one) for one in error.messages), param_hint="--name"
        ) from error


@click.command()
@click.pass_obj
def demo(installation: Installation) -> None:
    """Create the demo gyms, or what is missing of them."""
    for gym in create_demo_gyms(installation):
        click.echo(f"{gym.slug}: {gym.name}, {gym.timezone}, {gym.currency}")
