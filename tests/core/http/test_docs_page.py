"""The reference page and the document behind it, as a gym serves them."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator
from typing_extensions import override
from werkzeug.test import TestResponse

from core.http import docs_page
from core.testing.kit import TestGym

STATIC = Path(docs_page.__file__).with_name("static")


class Loaded(HTMLParser):
    """What a page loads and links to, and what stands inline."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [given[key] or "" for key in ("src", "href") if key in given]
        self.inline += [key for key in given if key == "style" or key[:2] == "on"]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


def page(gym: TestGym) -> TestResponse:
    return gym.api(None).raw("GET", "/docs")


def mounted(gym: TestGym, path: str) -> TestResponse:
    return gym.app.test_client().get(f"/t/{gym.slug}/api/v1/{path}")


def test_the_page_is_open_and_may_load_from_itself_only(gym: TestGym) -> None:
    response = page(gym)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?:", policy)


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(gym: TestGym) -> None:
    loaded = Loaded(page(gym).get_data(as_text=True))
    assert not loaded.inline
    assert len(loaded.addresses) >= 5
    for address in loaded.addresses:
        assert not re.match(r"(/|[a-z]+:)", address), address


def test_everything_the_page_loads_is_there_under_a_path_prefix(gym: TestGym) -> None:
    html = mounted(gym, "docs").get_data(as_text=True)
    loaded = [one for one in Loaded(html).addresses if not one.startswith("#")]
    for address in loaded:
        response = mounted(gym, address)
        assert response.status_code == 200, address
        assert len(response.data) > 100


def test_assets_keep_their_media_types_and_may_be_kept(gym: TestGym) -> None:
    for name, media_type in (
        ("docs.css", "text/css"),
        ("docs.js", "text/javascript"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("favicon-32x32.png", "image/png"),
    ):
        response = gym.api(None).raw("GET", f"/docs/{name}")
        assert response.mimetype == media_type
        assert response.cache_control.max_age == 3_600
        tag = response.headers["ETag"]
        again = gym.api(None).raw(
            "GET", f"/docs/{name}", headers={"If-None-Match": tag}
        )
        assert again.status_code == 304


@pytest.mark.parametrize("name", ["docs.html", "index.css", "..%2Fpipeline.py"])
def test_nothing_else_is_given_out(gym: TestGym, name: str) -> None:
    gym.api(None).fail("GET", f"/docs/{name}", expect=404, code="NOT_FOUND")


def test_the_starting_script_asks_no_outside_service() -> None:
    script = (STATIC / "docs.js").read_text()
    assert "validatorUrl: null" in script
    assert "://" not in script
    assert "://" not in (STATIC / "docs.css").read_text()


def document(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    parsed: dict[str, Any] = response.get_json()
    return parsed


def test_a_gyms_document_is_open_valid_and_bare(gym: TestGym) -> None:
    served = document(gym.api(None).raw("GET", "/openapi.json"))
    OpenAPIV31SpecValidator(served).validate()
    assert served["openapi"] == "3.1.0"
    assert served["servers"] == [{"url": "/"}]
    assert "/api/v1/audits" in served["paths"]
    assert not [path for path in served["paths"] if path.startswith("/platform")]


def test_under_a_path_prefix_requests_go_there(gym: TestGym) -> None:
    served = document(mounted(gym, "openapi.json"))
    assert served["servers"] == [{"url": f"/t/{gym.slug}"}]


def test_a_document_that_is_known_is_not_sent_again(gym: TestGym) -> None:
    first = gym.api(None).raw("GET", "/openapi.json")
    assert first.headers["Cache-Control"] == "no-cache"
    again = gym.api(None).raw(
        "GET", "/openapi.json", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_a_request_for_no_gym_gets_no_document(app: Flask) -> None:
    response = app.test_client().get("/api/v1/openapi.json")
    assert response.status_code == 404
    assert response.get_json()["error"]["code"] == "TENANT_UNKNOWN"
