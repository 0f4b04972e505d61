"""The admin's routes on outside services, over the whole stack."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from core.app import Installation
from core.db.unit import session
from core.db.writes import update_where
from core.integrations import read
from core.integrations.models import StoredIntegration
from core.outbound.addresses import networks
from core.outbound.guard import Guard
from core.testing.kit import TestGym
from tests.core.integrations.services import PASSWORD, MailDoor, mail_door

EMAIL = "/admin/integrations/email"
URL = f"smtp://gym:{PASSWORD}@mail.gym.example:587"
SENDER = "Iron Temple <hello@gym.example>"
SETTINGS = {"url": URL, "sender": SENDER}


@pytest.fixture
def inside(installation: Installation) -> Iterator[None]:
    """The operator lets gyms reach this machine."""
    services = installation.services
    before = services.get(Guard)
    services.put(Guard, Guard(networks(["127.0.0.1"])))
    yield
    services.put(Guard, before)


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Iterator[MailDoor]:
    request.getfixturevalue("inside")
    with mail_door() as running:
        yield running


def put(gym: TestGym, settings: dict[str, Any], **options: Any) -> Any:
    return gym.api("admin").put(EMAIL, {"settings": settings}, **options)


def opened(gym: TestGym, name: str = "email") -> Any:
    with gym.unit():
        return read(name)


def everything_stored(gym: TestGym) -> str:
    """Every row of every table that this gym's requests can see, as text."""
    with gym.unit():
        connection = session().connection()
        tables = connection.execute(
            text(
                "SELECT table_name FROM information_schema.role_table_grants"
                " WHERE grantee = 'palestra_app' AND privilege_type = 'SELECT'"
            )
        ).scalars()
        return "\n".join(
            str(row)
            for table in tables.all()
            for row in connection.execute(text(f"SELECT t::text FROM {table} t"))
        )


def test_a_gym_begins_with_nothing_set_up(gym: TestGym) -> None:
    listed = {one["name"]: one for one in gym.api("admin").get("/admin/integrations")}
    assert {"email", "sms"} <= listed.keys()
    shown = gym.api("admin").get(EMAIL)
    assert shown == listed["email"]
    assert shown["configured"] is False
    assert (shown["settings"], shown["secrets"]) == ({}, {"url": False})
    assert (shown["lastTestedAt"], shown["lastTestOk"]) == (None, None)
    assert shown["settingsSchema"]["properties"]["url"]["writeOnly"] is True
    assert opened(gym) is None


def test_what_is_set_up_is_read_by_services_and_shown_without_secrets(
    gym: TestGym, other_gym: TestGym
) -> None:
    shown = put(gym, SETTINGS)
    assert shown["configured"] is True
    assert (shown["settings"], shown["secrets"]) == ({"sender": SENDER}, {"url": True})
    assert gym.api("admin").get(EMAIL) == shown
    assert opened(gym) == SETTINGS
    assert opened(other_gym) is None
    assert other_gym.api("admin").get(EMAIL)["configured"] is False


def test_a_secret_stays_when_left_out_and_goes_with_null(gym: TestGym) -> None:
    put(gym, SETTINGS)
    put(gym, {"sender": "other@gym.example"})
    assert opened(gym) == {"url": URL, "sender": "other@gym.example"}
    # The schema needs it, so that nothing is left which looks set up and is not.
    gym.api("admin").fail(
        "PUT",
        EMAIL,
        json={"settings": {"url": None, "sender": SENDER}},
        expect=422,
        code="UNPROCESSABLE",
    )
    assert opened(gym) == {"url": URL, "sender": "other@gym.example"}


def test_removed_settings_are_gone(gym: TestGym) -> None:
    put(gym, SETTINGS)
    gym.api("admin").delete(EMAIL)
    assert opened(gym) is None
    assert gym.api("admin").get(EMAIL)["secrets"] == {"url": False}
    gym.api("admin").fail("DELETE", EMAIL, expect=409, code="INTEGRATION_NOT_SET_UP")
    # Of the old secret nothing comes back.
    refused = {"settings": {"sender": SENDER}}
    gym.api("admin").fail("PUT", EMAIL, json=refused, expect=422, code="UNPROCESSABLE")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"url": URL},
        {**SETTINGS, "more": 1},
        {**SETTINGS, "url": f"http://gym:{PASSWORD}@mail.gym.example"},
        {**SETTINGS, "url": f"smtp://gym:{PASSWORD}@"},
        {**SETTINGS, "url": f"smtp://gym:{PASSWORD}@mail.gym.example:99999"},
        {**SETTINGS, "url": f"smtp://gym:{PASSWORD}@mail.gym.example/\r\nX"},
        {**SETTINGS, "url": ["smtp://mail.gym.example"]},
        {**SETTINGS, "sender": "nobody"},
        {**SETTINGS, "sender": "a@b.example\nBcc: c@d.example"},
    ],
)
def test_faulty_settings_are_refused_without_repeating_secrets(
    gym: TestGym, wrong: dict[str, Any]
) -> None:
    answer = gym.api("admin").raw("PUT", EMAIL, json={"settings": wrong})
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert PASSWORD not in answer.get_data(as_text=True)
    assert opened(gym) is None
    assert gym.api("admin").get(EMAIL)["configured"] is False


@pytest.mark.parametrize("url", ["json://10.0.0.1/", "dbus://", "syslog://x", "x"])
def test_text_messages_go_by_known_services_only(gym: TestGym, url: str) -> None:
    body = {"settings": {"urls": [url], "testTo": "+491701234567"}}
    gym.api("admin").fail(
        "PUT", "/admin/integrations/sms", json=body, expect=422, code="UNPROCESSABLE"
    )


@pytest.mark.parametrize("role", ["team", "coach", "client", "partner"])
def test_it_is_for_admins(gym: TestGym, role: str) -> None:
    for method, path in (
        ("GET", "/admin/integrations"),
        ("GET", EMAIL),
        ("PUT", EMAIL),
        ("DELETE", EMAIL),
        ("POST", f"{EMAIL}/test"),
    ):
        body = {"settings": SETTINGS} if method == "PUT" else None
        answer = gym.api(role).raw(method, path, json=body)
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize("name", ["unknown", "EMAIL", "..", "email'"])
def test_an_unknown_name_is_not_found(gym: TestGym, name: str) -> None:
    path = f"/admin/integrations/{name}"
    assert gym.api("admin").raw("GET", path).status_code == 404
    body = {"settings": SETTINGS}
    assert gym.api("admin").raw("PUT", path, json=body).status_code == 404
    assert gym.api("admin").raw("POST", f"{path}/test").status_code == 404


def test_two_admins_do_not_overwrite_each_other(gym: TestGym) -> None:
    put(gym, SETTINGS, headers={"If-Match": '"0"'})
    tag = gym.api("admin").raw("GET", EMAIL).headers["ETag"]
    for stale in ('"0"', '"99"'):
        gym.api("admin").fail(
            "PUT",
            EMAIL,
            json={"settings": {"sender": "late@gym.example"}},
            headers={"If-Match": stale},
            expect=412,
            code="PRECONDITION_FAILED",
        )
    put(gym, {"sender": "next@gym.example"}, headers={"If-Match": tag})
    assert opened(gym)["sender"] == "next@gym.example"


def test_many_at_once_leave_one_row(gym: TestGym) -> None:
    gym.api("admin")
    with ThreadPoolExecutor(8) as pool:
        senders = [f"n{number}@gym.example" for number in range(8)]
        list(pool.map(lambda one: put(gym, {**SETTINGS, "sender": one}), senders))
    assert opened(gym)["sender"] in senders
    assert opened(gym)["url"] == URL


def test_the_secret_is_nowhere(
    gym: TestGym, door: MailDoor, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"smtp://gym:{PASSWORD}@127.0.0.1:{door.port}"
    told = [put(gym, {"url": url, "sender": SENDER})]
    gym.api("admin").post(f"{EMAIL}/test", expect=200)
    door.password = "another"
    told.append(gym.api("admin").raw("POST", f"{EMAIL}/test").get_data(as_text=True))
    told.append(gym.api("admin").get("/admin/integrations"))
    told.append(gym.api("admin").get("/audits", query={"limit": 100}))
    told.append(everything_stored(gym))
    told.append(capfd.readouterr())
    assert "integration.test" in str(told)
    assert PASSWORD not in str(told)
    assert PASSWORD.encode().hex() not in str(told)


def test_the_audit_log_names_what_changed_and_tells_no_value(gym: TestGym) -> None:
    put(gym, SETTINGS)
    put(gym, {"sender": "new@gym.example"})
    gym.api("admin").delete(EMAIL)
    query = {"entity": "integration", "sort": "at"}
    entries = gym.api("admin").get("/audits", query=query)
    assert [(one["action"], one["after"]) for one in entries] == [
        ("integration.create", {"name": "email", "changed": ["sender", "url"]}),
        ("integration.update", {"name": "email", "changed": ["sender"]}),
        ("integration.delete", {"name": "email"}),
    ]
    assert {one["userId"] for one in entries} == {str(gym.user("admin"))}


def test_a_server_that_takes_the_settings_is_noted(
    gym: TestGym, door: MailDoor
) -> None:
    put(gym, {"url": f"smtp://gym:{PASSWORD}@127.0.0.1:{door.port}", "sender": SENDER})
    shown = gym.api("admin").post(f"{EMAIL}/test", expect=200)
    assert shown["lastTestOk"] is True
    assert shown["lastTestedAt"] is not None
    assert gym.api("admin").get(EMAIL) == shown
    assert door.senders == ["hello@gym.example"]
    # What was found out does not hold for other settings.
    assert put(gym, {"sender": "new@gym.example"})["lastTestOk"] is None


def test_a_server_that_refuses_is_a_failure_of_the_provider(
    gym: TestGym, door: MailDoor
) -> None:
    wrong = f"smtp://gym:{PASSWORD}x@127.0.0.1:{door.port}"
    put(gym, {"url": wrong, "sender": SENDER})
    error = gym.api("admin").fail(
        "POST", f"{EMAIL}/test", expect=502, code="INTEGRATION_FAILED"
    )
    assert "535" in error["message"]
    shown = gym.api("admin").get(EMAIL)
    assert shown["lastTestOk"] is False
    assert shown["lastTestedAt"] is not None
    assert door.senders == []


def test_a_server_that_repeats_the_secret_is_cut_short(
    gym: TestGym, door: MailDoor
) -> None:
    door.refuses_senders_with = f"550 you sent {PASSWORD}"
    url = f"smtp://gym:{PASSWORD}@127.0.0.1:{door.port}"
    put(gym, {"url": url, "sender": SENDER})
    error = gym.api("admin").fail(
        "POST", f"{EMAIL}/test", expect=502, code="INTEGRATION_FAILED"
    )
    assert error["message"] == "The mail server: 550 you sent [hidden]"


@pytest.mark.usefixtures("inside")
def test_a_server_that_is_not_there_is_a_failure(gym: TestGym) -> None:
    put(gym, {"url": f"smtp://gym:{PASSWORD}@127.0.0.1:1", "sender": SENDER})
    error = gym.api("admin").fail(
        "POST", f"{EMAIL}/test", expect=502, code="INTEGRATION_FAILED"
    )
    assert error["message"] == "The mail server: Connection refused."


def test_what_is_not_set_up_cannot_be_tried_out(gym: TestGym) -> None:
    gym.api("admin").fail(
        "POST", f"{EMAIL}/test", expect=409, code="INTEGRATION_NOT_SET_UP"
    )


def test_secrets_moved_to_another_row_do_not_open(
    gym: TestGym, other_gym: TestGym
) -> None:
    put(gym, SETTINGS)
    put(other_gym, {**SETTINGS, "url": "smtp://mail.other.example"})
    with gym.unit():
        row = session().query(StoredIntegration).one()
        stolen = row.secrets
    with other_gym.unit():
        values = {"secrets": stolen}
        update_where(session(), StoredIntegration, values=values)
    assert opened(other_gym) is None
    for method, path, body in (
        ("POST", f"{EMAIL}/test", None),
        ("PUT", EMAIL, {"settings": {"sender": SENDER}}),
    ):
        other_gym.api("admin").fail(
            method, path, json=body, expect=409, code="INTEGRATION_UNREADABLE"
        )
    # Setting them again is the way out.
    put(other_gym, SETTINGS)
    assert opened(other_gym) == SETTINGS


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.7"])
def test_a_server_inside_is_not_reached(gym: TestGym, host: str) -> None:
    with mail_door() as there:
        put(gym, {"url": f"smtp://{host}:{there.port}", "sender": SENDER})
        error = gym.api("admin").fail(
            "POST", f"{EMAIL}/test", expect=502, code="INTEGRATION_FAILED"
        )
    assert "public" in error["message"]
    assert there.senders == []
