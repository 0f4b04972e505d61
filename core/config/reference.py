"""The reference table of all settings, for the documentation."""

from collections.abc import Iterator
from itertools import groupby

from core.config.registry import VARIABLES
from core.config.variables import Variable

_HEAD = (
    "| Variable | Meaning | Value | Default | Also known as |",
    "| --- | --- | --- | --- | --- |",
)


def render_reference() -> str:
    """Write every variable as Markdown, one table per group of settings."""
    groups = groupby(VARIABLES.values(), key=lambda variable: variable.group)
    sections = ("\n".join(_section(name, items)) for name, items in groups)
    return "\n\n".join(sections) + "\n"


def _section(name: str, items: Iterator[Variable]) -> Iterator[str]:
    yield f"### {name.capitalize()}\n"
    yield from _HEAD
    yield from map(_row, items)


def _row(variable: Variable) -> str:
    default = variable.default_text
    if not variable.derived and variable.default:
        default = f"`{variable.default}`"
    cells = (
        f"`{variable.name}`" + (" (secret)" if variable.secret else ""),
        variable.summary,
        variable.kind.label,
        default,
        ", ".join(f"`{alias}`" for alias in variable.aliases),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
