"""The house rules that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from core.plugin.spec import CoreHooks

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core"
PACKAGES = ("core", "tenants", "plugins")
SOURCES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)

EXAMPLES = sorted((ROOT / "examples").glob("*/palestra_*/*.py"))


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_outgrows_its_room() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := path.read_text().count("\n")) > 400
    }
    assert long == {}


def test_hooks_are_called_for_one_gym() -> None:
    """``Plugins.all_gyms`` is for start-up and migrations; nothing else may use it."""
    callers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"plugins\.all_gyms|def all_gyms\(self", path.read_text())
    }
    assert callers == {
        "core/app/background.py",
        "core/app/demo.py",
        "core/app/factory.py",
        "core/app/installation.py",
        "core/cli/main.py",
        "core/plugin/manager.py",
    }


def test_pluggys_own_caller_stays_in_the_manager() -> None:
    users = [
        path.name for path in SOURCES if re.search(r"\b_?pm\.hook\b", path.read_text())
    ]
    assert users == []


@pytest.mark.parametrize(
    "name", [name for name in vars(CoreHooks) if not name.startswith("_")]
)
def test_each_hook_is_documented_and_used(name: str) -> None:
    assert getattr(CoreHooks, name).__doc__
    used = [
        path
        for path in SOURCES
        if path.name != "spec.py" and re.search(rf"\b{name}\(", path.read_text())
    ]
    assert used, f"Nobody calls or implements {name}."


def test_raw_sql_text_stays_in_core_db() -> None:
    offenders = []
    for path in SOURCES:
        # Models write the predicate of a partial index as text; the relay of jobs
        # works across gyms, on the operator's connection and outside every session.
        if path.name == "models.py" or path.parent in {CORE / "db", CORE / "jobs"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                offenders += [
                    str(path.relative_to(ROOT))
                    for alias in node.names
                    if alias.name == "text"
                ]
    assert offenders == []


BUILT_ANEW = {
    "core/audit/verification.py": "works through a whole log, by a command",
    "core/db/reseal.py": "whatever table holds sealed values",
    "core/db/writes.py": "writes to whatever model it is given",
    "core/privacy/rows.py": "whatever tables name a person",
    "core/testing/declared.py": "a plugin's models, whatever they are",
    "core/testing/personal.py": "a plugin's models, whatever they are",
    "tenants/archive/leaving.py": "every table of a gym",
    "tenants/erasure.py": "every table of a gym",
    "tenants/repository.py": "lists of operators, who are few",
    "tenants/usage_rows.py": "the rows of all gyms at once",
}
"""Modules that build statements as they run, and what makes that right."""

BUILDS = {"select", "update_where", "delete_where", "upsert"}
"""What builds a statement of which nothing is kept."""

KEPT = re.compile("Statement|Select|ColumnElement|Compiled|Updating|Deleting|Upserting")
"""What a function gives back whose statement is kept by the one that calls it."""


def building(body: Iterable[ast.AST], *, kept: bool = True) -> Iterator[str]:
    """Names of the calls that build a statement each time a function runs."""
    for node in body:
        within = kept
        if isinstance(node, ast.FunctionDef):
            returned = ast.unparse(node.returns) if node.returns else ""
            within = bool(KEPT.search(returned))
        called = node.func if isinstance(node, ast.Call) and not kept else None
        if isinstance(called, ast.Name) and called.id in BUILDS:
            yield called.id
        yield from building(ast.iter_child_nodes(node), kept=within)


def test_statements_are_compiled_once() -> None:
    """What has the same text in every run stands at module level: see docs/data.md."""
    found = {
        str(path.relative_to(ROOT))
        for path in (*SOURCES, *EXAMPLES)
        if any(building([ast.parse(path.read_text())]))
    }
    assert found == set(BUILT_ANEW)


def test_a_statement_built_in_a_function_is_found() -> None:
    module = """
KEPT = Statement(select(Row))

def kept() -> Statement:
    return Statement(select(Row))

class Rows:
    def each_time(self) -> list[Row]:
        return [row for row in session().scalars(select(Row))]

    def gone(self):
        delete_where(session(), Row)
"""
    assert list(building([ast.parse(module)])) == ["select", "delete_where"]


def test_the_readme_begins_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert 0 < readme.index("make run") < readme.index("make test") < 2500


def test_locks_carry_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "http" not in text.replace("httpx", "").replace("httpcore", "").replace(
            "http-", ""
        )


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|mark\.skip")
    own = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if path.suffix == ".py"
        and path != own
        and (match := unfinished.search(path.read_text()))
    ]
    assert found == []
