"""``ETag`` and ``If-Match``."""

from types import SimpleNamespace

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from core.errors import PreconditionFailed, ValidationFailed
from core.http.preconditions import etag_of, read_if_match, require_version


def asking(header: str | None) -> Request:
    headers = [] if header is None else [("If-Match", header)]
    return Request(EnvironBuilder(headers=headers).get_environ())


def test_the_version_in_quotes_is_the_tag() -> None:
    assert etag_of({"version": 3}) == etag_of(SimpleNamespace(version=3)) == '"3"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, None), ("*", None), (" * ", None), ('"3"', 3), (' "12" ', 12)],
)
def test_the_expected_version_is_read(header: str | None, expected: int | None) -> None:
    assert read_if_match(asking(header)) == expected


@pytest.mark.parametrize("header", ["3", 'W/"3"', '"3", "4"', '""', '"x"', '"-1"'])
def test_other_tags_are_refused(header: str) -> None:
    with pytest.raises(ValidationFailed):
        read_if_match(asking(header))


def test_an_overtaken_version_is_refused() -> None:
    require_version(3, 3)
    require_version(3, None)
    with pytest.raises(PreconditionFailed) as refused:
        require_version(4, 3)
    assert refused.value.details == {"currentVersion": 4}
