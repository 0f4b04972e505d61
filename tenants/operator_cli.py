"""``palestra operators``: accounts of those who run the installation."""

import sys
from typing import Literal, Protocol

import click
import orjson

from core.db.unit import UnitOfWork
from tenants import operators as accounts
from tenants.models import Operator
from tenants.operators import described


class Platform(Protocol):
    """What these commands need of the installation they run in."""

    def units(self, role: Literal["app", "operator"]) -> UnitOfWork:
        """Units of work on the connection of one purpose."""


as_json = click.option("--json", "as_json", is_flag=True, help="For machines.")
password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read it from the first line of the input."
)


@click.group()
def operators() -> None:
    """Those who may use the operator's API."""


@operators.command()
@click.argument("email")
@click.option("--name", required=True, help="Of the person.")
@password_stdin
@as_json
@click.pass_obj
def create(
    platform: Platform, email: str, *, name: str, password_stdin: bool, as_json: bool
) -> None:
    """Open an account for EMAIL; asks for the password."""
    made = accounts.create(
        platform.units("operator"),
        email=email,
        name=name,
        password=_password(from_stdin=password_stdin),
    )
    _say(made, as_json=as_json)


@operators.command("list")
@as_json
@click.pass_obj
def list_operators(platform: Platform, *, as_json: bool) -> None:
    """List every operator."""
    rows = [described(row) for row in accounts.listed(platform.units("operator"))]
    if as_json:
        click.echo(orjson.dumps(rows).decode())
        return
    for row in rows:
        click.echo(f"{row['email']:<40} {row['status']:<10} {row['name']}")


@operators.command()
@click.argument("email")
@as_json
@click.pass_obj
def disable(platform: Platform, email: str, *, as_json: bool) -> None:
    """Shut the account of EMAIL; its tokens end at once."""
    _say(accounts.disable(platform.units("operator"), email), as_json=as_json)


@operators.command("reset-password")
@click.argument("email")
@password_stdin
@as_json
@click.pass_obj
def reset_password(
    platform: Platform, email: str, *, password_stdin: bool, as_json: bool
) -> None:
    """Set a password for EMAIL, open the account again and end its tokens."""
    password = _password(from_stdin=password_stdin)
    units = platform.units("operator")
    _say(accounts.reset_password(units, email, password), as_json=as_json)


def _password(*, from_stdin: bool) -> str:
    """The password, never as an argument: other users can read those."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )
    return asked


def _say(operator: Operator, *, as_json: bool) -> None:
    row = described(operator)
    if as_json:
        click.echo(orjson.dumps(row).decode())
    else:
        click.echo(f"{row['email']} ({row['name']}) is {row['status']}.")
