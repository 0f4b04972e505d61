"""Endpoints as an admin keeps them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.audit.models import AuditEntry
from core.db.unit import session
from core.testing.kit import TestGym
from core.webhooks.catalog import MESSAGE
from core.webhooks.service import MOST_ENDPOINTS
from tests.core.webhooks.conftest import Webhooks

BOOKED = "scheduling.session.booked"
PATH = "/admin/webhooks"


def wish(**changes: Any) -> dict[str, Any]:
    return {"url": "https://hooks.example.com/in", "types": [MESSAGE], **changes}


def test_an_endpoint_is_made_shown_changed_and_deleted(gym: TestGym) -> None:
    api = gym.api("admin")
    made = api.post(PATH, wish(description="Till", types=[BOOKED, MESSAGE, BOOKED]))
    shown = made["endpoint"]
    assert made["secret"].startswith("whsec_")
    assert (shown["url"], shown["description"]) == (wish()["url"], "Till")
    assert shown["types"] == [MESSAGE, BOOKED]
    assert (shown["enabled"], shown["disabledReason"]) == (True, None)
    one = f"{PATH}/{shown['id']}"
    assert api.get(one) == shown
    assert api.get(PATH) == [shown]
    changed = api.patch(
        one,
        {"enabled": False, "types": [BOOKED]},
        headers={"If-Match": f'"{shown["version"]}"'},
    )
    assert (changed["enabled"], changed["disabledReason"]) == (False, "manual")
    assert (changed["types"], changed["url"]) == ([BOOKED], shown["url"])
    api.fail(
        "PATCH",
        one,
        json={"enabled": True},
        headers={"If-Match": f'"{shown["version"]}"'},
        expect=412,
        code="PRECONDITION_FAILED",
    )
    on = api.patch(one, {"enabled": True})
    assert (on["enabled"], on["disabledReason"], on["disabledAt"]) == (True, None, None)
    api.delete(one)
    api.fail("GET", one, expect=404, code="WEBHOOK_NOT_FOUND")
    assert api.get(PATH) == []


def test_a_secret_is_shown_once_and_never_stored_in_the_clear(gym: TestGym) -> None:
    api = gym.api("admin")
    made = api.post(PATH, wish(), headers={"Idempotency-Key": "same"})
    again = api.post(PATH, wish(), headers={"Idempotency-Key": "same"})
    assert again["secret"] != made["secret"]
    one = f"{PATH}/{made['endpoint']['id']}"
    rotated = api.post(f"{one}/rotate-secret", expect=200)
    assert rotated["secret"] not in {made["secret"], again["secret"]}
    secrets = {made["secret"], again["secret"], rotated["secret"]}
    seen = str([api.get(PATH), api.get(one), api.get(f"{one}/deliveries")])
    with gym.unit():
        entries = session().scalars(select(AuditEntry)).all()
        told = str([(entry.before, entry.after) for entry in entries])
    assert "hooks.example.com" in told
    for secret in secrets:
        assert secret not in seen
        assert secret.removeprefix("whsec_") not in told
    actions = [entry.action for entry in entries]
    assert actions.count("webhook_endpoint.create") == 2
    assert "webhooks.secret_rotated" in actions


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://2130706433/",
        "https://user:pass@hooks.example.com/",
        "https://hooks.example.com:22/",
    ],
)
def test_a_url_that_leads_inside_is_refused(gym: TestGym, url: str) -> None:
    api = gym.api("admin")
    api.fail("POST", PATH, json=wish(url=url), expect=422, code="WEBHOOK_URL_REFUSED")
    made = api.post(PATH, wish())["endpoint"]
    api.fail(
        "PATCH",
        f"{PATH}/{made['id']}",
        json={"url": url},
        expect=422,
        code="WEBHOOK_URL_REFUSED",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        wish(url="ftp://hooks.example.com/"),
        wish(url="https://h.example/" + "x" * 2000),
        wish(types=[]),
        wish(types=["Not A Type"]),
        wish(types=[MESSAGE] * 101),
        wish(secret="whsec_AAAA"),
        wish(description="a\nb"),
        wish(enabled="yes"),
    ],
)
def test_bad_input_is_refused(gym: TestGym, body: dict[str, Any]) -> None:
    gym.api("admin").fail("POST", PATH, json=body, expect=400, code="VALIDATION_ERROR")


def test_types_are_those_of_features_that_are_on(gym: TestGym) -> None:
    api = gym.api("admin")
    known = [one["type"] for one in api.get(f"{PATH}/types")]
    assert {MESSAGE, BOOKED} <= set(known)
    assert known == sorted(known)
    unknown = api.fail(
        "POST",
        PATH,
        json=wish(types=[MESSAGE, "members.nothing.such"]),
        expect=422,
        code="WEBHOOK_TYPE_UNKNOWN",
    )
    assert unknown["details"] == {"unknown": ["members.nothing.such"]}
    made = api.post(PATH, wish(types=[BOOKED]))["endpoint"]
    api.patch("/admin/plugins/scheduling", {"enabled": False})
    assert BOOKED not in [one["type"] for one in api.get(f"{PATH}/types")]
    api.fail(
        "POST",
        PATH,
        json=wish(types=[BOOKED]),
        expect=422,
        code="WEBHOOK_TYPE_UNKNOWN",
    )
    # What it gets already stays, so that it is there when the feature comes back.
    one = f"{PATH}/{made['id']}"
    kept = api.patch(one, {"types": [BOOKED, MESSAGE]})
    assert kept["types"] == [MESSAGE, BOOKED]


def test_a_gym_has_a_bounded_number_of_them(gym: TestGym) -> None:
    admin = gym.api("admin")

    def add(_number: int) -> int:
        return admin.raw("POST", PATH, json=wish()).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, range(MOST_ENDPOINTS + 6)))
    assert sorted(answers) == [201] * MOST_ENDPOINTS + [409] * 6
    assert len(admin.get(PATH, query={"limit": 100})) == MOST_ENDPOINTS


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner", None])
def test_only_admins_reach_them(gym: TestGym, role: str | None) -> None:
    made = gym.api("admin").post(PATH, wish())["endpoint"]
    expect, code = (403, "FORBIDDEN") if role else (401, "AUTH_REQUIRED")
    api = gym.api(role)
    one = f"{PATH}/{made['id']}"
    calls = [
        ("GET", PATH, None),
        ("POST", PATH, wish()),
        ("PATCH", one, {"enabled": False}),
        ("DELETE", one, None),
        ("POST", f"{one}/rotate-secret", None),
        ("POST", f"{one}/test", None),
    ]
    for method, path, body in calls:
        api.fail(method, path, json=body, expect=expect, code=code)


def test_another_gyms_endpoint_is_as_one_that_is_nowhere(
    webhooks: Webhooks, other_gym: TestGym
) -> None:
    endpoint_id, _secret = webhooks.add()
    mine = webhooks.gym.api("admin").post(f"{PATH}/{endpoint_id}/test")
    stranger = other_gym.api("admin")
    for known in (endpoint_id, uuid4()):
        one = f"{PATH}/{known}"
        calls = [
            ("GET", one, None),
            ("PATCH", one, {"enabled": False}),
            ("DELETE", one, None),
            ("POST", f"{one}/rotate-secret", None),
            ("POST", f"{one}/test", None),
            ("GET", f"{one}/deliveries", None),
            ("POST", f"{one}/deliveries/{mine['id']}/resend", None),
        ]
        for method, path, body in calls:
            stranger.fail(method, path, json=body, expect=404, code="WEBHOOK_NOT_FOUND")
    own = stranger.post(PATH, wish())["endpoint"]
    stranger.fail(
        "POST",
        f"{PATH}/{own['id']}/deliveries/{mine['id']}/resend",
        expect=404,
        code="WEBHOOK_DELIVERY_NOT_FOUND",
    )
    assert webhooks.endpoint(endpoint_id).enabled
