"""Holds the pages of the documentation to each other and to the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.cli.main import cli
from core.plugin.manager import Plugins
from core.testing.routes import installed_app
from tests.docs import reference
from tests.docs.pages import DOCS, PAGES, ROOT, between, blocks, prose

LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[`\s]|bin/)palestra((?: [a-z][a-z-]*)+)", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """The links of a page that stay inside the repository: text, file, heading."""
    for target in LINK.findall(prose(page.read_text("utf-8"))):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, heading = target.partition("#")
            yield target, (page.parent / path).resolve() if path else page, heading


def anchors(page: Path) -> set[str]:
    """The headings of a page as links write them."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_link_leads_nowhere(page: Path) -> None:
    lost = [
        target
        for target, file, heading in links(page)
        if not file.exists()
        or not file.is_relative_to(ROOT)
        or (heading and heading not in anchors(file))
    ]
    assert lost == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    to_read = [ROOT / "README.md"]
    while to_read:
        page = to_read.pop()
        reached.add(page)
        found = {file for _target, file, _heading in links(page) if file in PAGES}
        to_read.extend(found - reached)
    assert sorted(name_of(page) for page in set(PAGES) - reached) == []


def test_every_page_that_a_plugin_names_exists() -> None:
    own = [m for m in Plugins.discover().manifests if not m.always_on]
    assert own
    assert [m.id for m in own if not (m.docs and (DOCS / m.docs).is_file())] == []


def test_the_page_of_errors_lists_exactly_the_codes() -> None:
    written = between((DOCS / "errors.md").read_text("utf-8"), "errors")
    assert written.strip() == reference.render_errors().strip(), (
        "Run `python -m tests.docs.reference`."
    )


def test_the_page_of_hooks_lists_exactly_the_specifications() -> None:
    written = between((DOCS / "hooks.md").read_text("utf-8"), "hooks")
    assert written.strip() == reference.render_hooks().strip(), (
        "Run `python -m tests.docs.reference`."
    )


def code_of(text: str) -> list[str]:
    """What a page writes as code that a shell might run, inline or in blocks."""
    inline = re.findall(r"`[^`\n]+`", prose(text))
    return [*blocks(text, "sh"), *blocks(text, ""), *inline]


def commands_named(page: Path) -> set[str]:
    """What follows ``palestra`` in the page's code."""
    text = page.read_text("utf-8")
    code = [*blocks(text, "sh"), *re.findall(r"`[^`\n]+`", prose(text))]
    return {found.strip() for part in code for found in COMMAND.findall(part) if found}


def arrives(words: list[str]) -> bool:
    """Whether the words name a command, or a command and its arguments."""
    installation = installed_app().extensions["palestra"]
    here: click.Command | None = cli
    for word in words:
        if not isinstance(here, click.Group):
            return True
        here = here.get_command(click.Context(here, obj=installation), word)
        if here is None:
            return False
    return here is not cli


def test_commands_are_found_in_pages() -> None:
    assert {"up", "db upgrade", "db roles", "tenants list"} <= {
        command for page in PAGES for command in commands_named(page)
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    unknown = [one for one in commands_named(page) if not arrives(one.split())]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = page.read_text("utf-8")
    named = {
        name for part in code_of(text) for name in re.findall(r"\bmake ([a-z-]+)", part)
    }
    assert named - targets == set()
