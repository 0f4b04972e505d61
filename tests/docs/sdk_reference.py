"""Draws the tables of docs/sdk.md: every name of ``core.sdk``, and what it is.

The words are the first sentence of each name's docstring. A constant's is the text that
stands below it. What other libraries bring has its words here.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

import core.sdk

_OTHERS: Final[Mapping[str, str]] = {
    "ADMIN_ONLY": "The roles that begin with what only admins may do.",
    "STAFF": "Admin and team.",
    "COACHES": "Staff and coaches.",
    "EVERYONE": "Coaches and clients; everybody but guests.",
    "GUESTS_TOO": "Everybody, partners included.",
    "fields": "marshmallow's fields.",
    "validate": "marshmallow's validators.",
    "validates_schema": "marshmallow's mark of a check of several fields.",
    "ValidationError": "marshmallow's refusal; the caller gets a 400.",
    "hookspec": "Marks a hook that a plugin offers, in its class of specifications.",
    "hookimpl": "Marks a method of the plugin object that implements a hook.",
    "Subscription": "A class of events, and the actor that is told of them.",
}


def modules() -> Iterator[ModuleType]:
    """The modules of the door, in alphabetical order."""
    for found in pkgutil.iter_modules(core.sdk.__path__):
        yield importlib.import_module(f"core.sdk.{found.name}")


def render_sdk() -> str:
    """A table for each module."""
    parts = []
    for module in modules():
        rows = [f"| `{name}` | {words_of(module, name)} |" for name in module.__all__]
        what = _first_sentence(module.__doc__ or "")
        head = ["| Name | What it is |", "| --- | --- |"]
        table = "\n".join([*head, *rows])
        parts.append(f"\n## {module.__name__}\n\n{what}\n\n{table}\n")
    return "".join(parts)


def words_of(module: ModuleType, name: str) -> str:
    """What a name is, in a sentence.

    Raises:
        LookupError: Nobody says.
    """
    value = getattr(module, name)
    if name in _OTHERS:
        return _OTHERS[name]
    if inspect.isclass(value) or inspect.isroutine(value):
        found = inspect.getdoc(value) if value.__doc__ else None
    else:
        found = _below(module, name)
    if not found:
        raise LookupError(f"{module.__name__}.{name} has no docstring.")
    return _first_sentence(found)


def _below(module: ModuleType, name: str) -> str | None:
    """The text below a constant, where it is defined."""
    tree = _tree(module)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    origin = importlib.import_module(node.module)
                    return _below(origin, alias.name)
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        if name in _assigned(node) and isinstance(following, ast.Expr):
            text = following.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                return inspect.cleandoc(text.value)
    return None


def _assigned(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.AnnAssign):
        return {ast.unparse(node.target)}
    if isinstance(node, ast.Assign):
        return {ast.unparse(target) for target in node.targets}
    return set()


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text("utf-8"))


def _first_sentence(text: str) -> str:
    """Up to the first full stop, as Markdown on one line."""
    first = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    sentence, stop, _rest = first.partition(". ")
    return f"{sentence}{stop.strip()}".replace("``", "`").replace("|", "\\|")
