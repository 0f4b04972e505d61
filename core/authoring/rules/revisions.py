"""Revisions: dated, and of the plugin's own tables alone."""

import ast
import re
from collections.abc import Iterator, Mapping

from core.authoring.findings import Finding
from core.authoring.subject import Subject

_FILE = re.compile(r"^\d{12}__[a-z0-9_]+\.py$")
_SECOND = frozenset(
    {
        "create_index",
        "create_unique_constraint",
        "create_foreign_key",
        "create_check_constraint",
        "create_primary_key",
        "create_exclude_constraint",
        "drop_constraint",
        "drop_index",
    }
)
"""Operations whose second argument is the table; else it is the first."""

_FREE = frozenset({"execute", "f", "get_bind", "get_context", "inline_literal"})
_WRITES = re.compile(
    r"\b(?:CREATE|ALTER|DROP|TRUNCATE)\s+TABLE\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
    r"(?:ONLY\s+)?\"?(?P<one>\w+)|\bINSERT\s+INTO\s+\"?(?P<two>\w+)"
    r"|\bUPDATE\s+(?:ONLY\s+)?\"?(?P<three>\w+)\"?\s+SET\b"
    r"|\bDELETE\s+FROM\s+(?:ONLY\s+)?\"?(?P<four>\w+)"
    r"|\bCREATE\s+(?:UNIQUE\s+)?INDEX\b.*?\bON\s+\"?(?P<five>\w+)",
    re.IGNORECASE | re.DOTALL,
)


def named(subject: Subject) -> Iterator[Finding]:
    """The name of each begins with its date, so that they sort."""
    for name in subject.revisions:
        if name != "__init__.py" and not _FILE.match(name):
            yield subject.finding(
                "REVISION_NAME",
                f"migrations/{name}",
                "Its name does not begin with its date.",
                "Name it YYYYMMDDHHMM__what_it_does.py.",
            )


def own_tables(subject: Subject) -> Iterator[Finding]:
    """Each touches tables of the plugin alone, as far as its text tells."""
    for name, tree in subject.revisions.items():
        constants = _constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for table in sorted(_touched(node, constants)):
                    if not table.startswith(f"{subject.id}_"):
                        yield _foreign(subject, f"{name}:{node.lineno}", table)


def _foreign(subject: Subject, place: str, table: str) -> Finding:
    return subject.finding(
        "REVISION_FOREIGN_TABLE",
        f"migrations/{place}",
        f"It touches the table {table}.",
        f"Touch tables that begin with {subject.id}_, and no others.",
    )


def _touched(call: ast.Call, constants: Mapping[str, str]) -> set[str]:
    """The tables that one call of a revision names."""
    function = call.func
    if not isinstance(function, ast.Attribute) or not isinstance(
        function.value, ast.Name
    ):
        return set()
    owner, operation = function.value.id, function.attr
    if (owner, operation) in {("sa", "text"), ("op", "execute")}:
        return _written(_text(call.args[0], constants) if call.args else None)
    if owner != "op" or operation in _FREE:
        return set()
    return _tables_of(operation, call, constants)


def _tables_of(
    operation: str, call: ast.Call, constants: Mapping[str, str]
) -> set[str]:
    keywords = {one.arg: one.value for one in call.keywords}
    at = 1 if operation in _SECOND else 0
    given = keywords.get("table_name") or keywords.get("source_table")
    if given is None and len(call.args) > at:
        given = call.args[at]
    found = {_text(given, constants)} if given is not None else set()
    if operation == "rename_table" and len(call.args) > 1:
        found.add(_text(call.args[1], constants))
    return {name for name in found if name is not None}


def _written(sql: str | None) -> set[str]:
    """The tables that a statement changes."""
    return {
        name
        for match in _WRITES.finditer(sql or "")
        for name in match.groups()
        if name is not None
    }


def _text(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    """A text as it will be; None for what only running it tells."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.JoinedStr):
        parts = [
            _text(one.value if isinstance(one, ast.FormattedValue) else one, constants)
            for one in node.values
        ]
        return "".join(part or "?" for part in parts)
    # op.bulk_insert(sa.table("…", …), …)
    if isinstance(node, ast.Call) and node.args:
        inner = node.func
        if isinstance(inner, ast.Attribute) and inner.attr in {"table", "text"}:
            return _text(node.args[0], constants)
    return None


def _constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a revision names at its top."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
