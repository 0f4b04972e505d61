"""The page of the plugins' door lists every name, with what it is."""

from types import ModuleType

import pytest

from tests.docs.pages import DOCS, between
from tests.docs.sdk_reference import modules, render_sdk, words_of

NAMES = [(module, name) for module in modules() for name in module.__all__]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_name_says_what_it_is(module: ModuleType, name: str) -> None:
    assert words_of(module, name)


def test_the_page_lists_exactly_the_names() -> None:
    written = between((DOCS / "sdk.md").read_text("utf-8"), "sdk")
    assert written.strip() == render_sdk().strip(), (
        "Run `python -m tests.docs.reference`."
    )
