"""The sample of the documentation, run as a receiver would run it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from core.clock import utc_now
from core.webhooks.signing import new_secret, signed_headers
from tests.docs.pages import DOCS, blocks

BODY = b'{"type":"notifications.message","data":{"text":"\xc3\xa9"}}'

Verify = Callable[[str, Mapping[str, str], bytes], bool]


@pytest.fixture(scope="module")
def verify() -> Verify:
    page = (DOCS / "webhooks.md").read_text("utf-8")
    [sample] = [code for code in blocks(page, "python") if "def verify(" in code]
    names: dict[str, Any] = {}
    exec(compile(sample, "webhooks.md", "exec"), names)  # noqa: S102 — our own page
    found: Verify = names["verify"]
    return found


def headers(*secrets: str, shift: int = 0) -> Mapping[str, str]:
    at = utc_now() + timedelta(seconds=shift)
    return signed_headers(secrets, message_id="msg_1", at=at, body=BODY)


def test_it_takes_what_we_sign(verify: Verify) -> None:
    one, other = new_secret(), new_secret()
    assert verify(one, headers(one), BODY)
    assert verify(one, headers(other, one), BODY)


def test_it_refuses_everything_else(verify: Verify) -> None:
    one, other = new_secret(), new_secret()
    assert not verify(one, headers(other), BODY)
    assert not verify(one, headers(one), BODY + b" ")
    assert not verify(one, {**headers(one), "webhook-id": "msg_2"}, BODY)
    assert not verify(one, headers(one, shift=-400), BODY)
    assert not verify(one, headers(one, shift=400), BODY)
