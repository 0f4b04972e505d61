"""Draws the tables of docs/errors.md, hooks.md and sdk.md from the code.

``python -m tests.docs.reference`` writes them into the pages.
"""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from itertools import groupby
from typing import Any

import core
import plugins
import tenants
from core.errors import AppError
from core.plugin.manager import GROUP
from core.plugin.spec import PROJECT, CoreHooks
from tests.docs.pages import DOCS, replaced
from tests.docs.sdk_reference import render_sdk

PACKAGES = (core, tenants, plugins)

_CORE = {
    "errors": "Every route",
    "auth": "Accounts, log-ins and API keys",
    "rbac": "Roles",
    "jobs": "Background jobs",
}
"""Headings of core's parts; others go by the name of their folder."""


def render_errors() -> str:
    """Every error code with its status and meaning, a table for each owner."""
    _import_everything()
    own = tuple(f"{package.__name__}." for package in PACKAGES)
    declared = sorted(
        (
            error
            for error in AppError.registry.values()
            if error.__module__.startswith(own)
        ),
        key=lambda error: (_rank(error), error.status, error.code),
    )
    sections = [
        _table(
            _heading(errors[0]),
            ("Code", "Status", "Meaning"),
            [(f"`{one.code}`", str(one.status), _sentence(one)) for one in errors],
        )
        for _rank_of_all, group in groupby(declared, key=_rank)
        if (errors := list(group))
    ]
    return "".join(sections)


def render_hooks() -> str:
    """Every hook with its signature and meaning, a table for each owner."""
    sections = [_hooks("Core", CoreHooks)]
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        plugin = entry.load()
        offered = getattr(plugin, "hookspecs", None)
        if offered is not None and offered.__module__.startswith("plugins."):
            sections.append(_hooks(plugin.manifest.title, offered))
    return "".join(sections)


def specifications(offered: type) -> dict[str, Any]:
    """The hooks that a class specifies, by name, in the order they stand there."""
    return {
        name: member
        for name, member in vars(offered).items()
        if hasattr(member, f"{PROJECT}_spec")
    }


def _hooks(owner: str, offered: type) -> str:
    rows = []
    for name, member in specifications(offered).items():
        first = getattr(member, f"{PROJECT}_spec")["firstresult"]
        answers = "first" if first else "every"
        rows.append((f"`{name}{_signature(member)}`", answers, _sentence(member)))
    return _table(owner, ("Hook", "Answer", "Meaning"), rows)


def _signature(member: Any) -> str:
    """Parameters and result as the source writes them, without ``self``."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(member))).body
    assert isinstance(declared, ast.FunctionDef)
    declared.args.args = declared.args.args[1:]
    result = "" if declared.returns is None else f" -> {ast.unparse(declared.returns)}"
    return f"({ast.unparse(declared.args)}){result}".replace("'", "")


def _import_everything() -> None:
    for package in PACKAGES:
        for name in _modules(package.__path__, package.__name__):
            importlib.import_module(name)


def _modules(path: Sequence[str], package: str) -> Iterator[str]:
    """Names of all modules below a package, revisions and programs left out."""
    for module in pkgutil.iter_modules(path, f"{package}."):
        last = module.name.rpartition(".")[2]
        if last in {"migrations", "__main__"}:
            continue
        yield module.name
        if module.ispkg:
            below = importlib.import_module(module.name)
            yield from _modules(list(below.__path__), module.name)


def _rank(error: type[AppError]) -> tuple[int, str]:
    """Sorts by owner: what every route has, core's parts, the registry, plugins."""
    top, part = error.__module__.split(".")[:2]
    order = [package.__name__ for package in PACKAGES]
    if top == "core":
        return (-1 if part == "errors" else 0, part)
    return (order.index(top), part if top == "plugins" else top)


def _heading(error: type[AppError]) -> str:
    top, part = error.__module__.split(".")[:2]
    if top == "core":
        return _CORE.get(part, part.capitalize())
    folder = top if top == "tenants" else f"plugins.{part}"
    title: str = importlib.import_module(f"{folder}.plugin").plugin.manifest.title
    return title


def _sentence(documented: Any) -> str:
    """The first paragraph of a docstring, as Markdown on one line."""
    first = inspect.cleandoc(documented.__doc__).split("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *escaped]
    cells = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"\n## {title}\n\n{cells}\n"


def main() -> None:
    """Writes the tables into the pages."""
    for name, render in (
        ("errors", render_errors),
        ("hooks", render_hooks),
        ("sdk", render_sdk),
    ):
        page = DOCS / f"{name}.md"
        text = replaced(page.read_text("utf-8"), name, f"{render()}\n")
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
