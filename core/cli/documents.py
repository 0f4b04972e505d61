"""``palestra openapi``: the API as documents."""

from pathlib import Path

import click
import orjson

from core.app import Installation, create_app
from core.http.openapi import full_document


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output when left out.",
)
@click.pass_obj
def openapi(installation: Installation, output: Path | None) -> None:
    """Write the OpenAPI document of the whole platform."""
    document = full_document(create_app(installation=installation))
    text = orjson.dumps(
        document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
    if output is None:
        click.echo(text.decode(), nl=False)
    else:
        try:
            output.write_bytes(text)
        except OSError as error:
            raise click.ClickException(
                f"Cannot write {output}: {error.strerror}."
            ) from error
