"""Contacts: one's own addresses and numbers."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.auth.account_models import ContactType
from core.auth.contacts import MOST
from core.clock import frozen_at, utc_now
from core.testing.kit import PASSWORD, ApiClient, TestGym
from tests.core.auth.postbox import Postbox

CONTACTS = "/me/contacts"


def add(api: ApiClient, value: str, kind: str = "email") -> dict[str, Any]:
    row: dict[str, Any] = api.post(CONTACTS, {"type": kind, "value": value})
    return row


def verified(gym: TestGym, api: ApiClient, value: str) -> str:
    post = Postbox(gym)
    post.letters()
    contact_id: str = add(api, value)["id"]
    api.post(f"{CONTACTS}/{contact_id}/verify", expect=202)
    letter = post.letter()
    assert (letter.template, letter.to) == ("auth.contact", value)
    gym.api().get("/auth/verify", query={"token": letter.token})
    return contact_id


def log_in(gym: TestGym, login: str) -> int:
    sent = {"login": login, "password": PASSWORD}
    return gym.api().raw("POST", "/auth/login", json=sent).status_code


def test_the_account_s_address_is_the_first_contact(gym: TestGym) -> None:
    (only,) = gym.api("client").get(CONTACTS)
    assert only["value"] == gym.email("client")
    assert (only["isPrimary"], only["isVerified"]) == (True, False)


def test_types_are_words_in_two_languages(gym: TestGym) -> None:
    with gym.unit() as session:
        found = session.scalars(select(ContactType)).all()
    assert {row.code for row in found} == {"email", "phone"}
    assert all(row.descriptions.keys() >= {"en", "de"} for row in found)


def test_values_are_brought_into_their_form(gym: TestGym) -> None:
    api = gym.api("client")
    assert add(api, "+49 (30) 12-34 56", "phone")["value"] == "+4930123456"
    row = add(api, "Ada@EXAMPLE.org")
    assert row["value"] == "Ada@example.org"
    assert not any(row[key] for key in ("isPrimary", "isRecovery", "isVerified"))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"type": "email", "value": "nowhere"}, 422, "UNPROCESSABLE"),
        ({"type": "phone", "value": "030 123456"}, 422, "UNPROCESSABLE"),
        ({"type": "fax", "value": "+4930123456"}, 422, "CONTACT_TYPE_UNKNOWN"),
        ({"type": "email"}, 400, "VALIDATION_ERROR"),
        (
            {"type": "email", "value": "a@b.example", "isVerified": True},
            400,
            "VALIDATION_ERROR",
        ),
        (
            {"type": "email", "value": "a@b.example", "userId": str(uuid4())},
            400,
            "VALIDATION_ERROR",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    gym: TestGym, sent: dict[str, Any], status: int, code: str
) -> None:
    gym.api("client").fail("POST", CONTACTS, json=sent, expect=status, code=code)


def test_nobody_has_a_contact_twice_or_without_end(gym: TestGym) -> None:
    api = gym.api("client")
    sent = {"type": "email", "value": gym.email("client").upper()}
    api.fail("POST", CONTACTS, json=sent, expect=409, code="CONTACT_DUP")
    for number in range(MOST - 1):
        add(api, f"a{number}@b.example")
    sent = {"type": "email", "value": "one@more.example"}
    api.fail("POST", CONTACTS, json=sent, expect=409, code="CONTACT_LIMIT")


def test_adding_does_not_tell_whose_address_it_is(gym: TestGym) -> None:
    assert add(gym.api("client"), gym.email("coach"))["isVerified"] is False


def test_others_contacts_are_unknown(gym: TestGym, other_gym: TestGym) -> None:
    (theirs,) = gym.api("coach").get(CONTACTS)
    for api in (gym.api("client"), gym.api("admin"), other_gym.api("coach")):
        path = f"{CONTACTS}/{theirs['id']}"
        api.fail("DELETE", path, expect=404, code="NOT_FOUND")
        api.fail("POST", f"{path}/verify", expect=404, code="NOT_FOUND")
        body = {"isRecovery": True}
        api.fail("PATCH", path, json=body, expect=404, code="NOT_FOUND")
    assert gym.api("coach").get(CONTACTS) == [theirs]


def test_a_new_primary_address_is_verified_first_and_the_old_one_told(
    gym: TestGym,
) -> None:
    api, post = gym.api("client"), Postbox(gym)
    row = add(api, "new@b.example")
    path = f"{CONTACTS}/{row['id']}"
    primary = {"isPrimary": True}
    api.fail("PATCH", path, json=primary, expect=422, code="CONTACT_UNVERIFIED")
    api.post(f"{path}/verify", expect=202)
    gym.api().get("/auth/verify", query={"token": post.letter().token})
    assert api.patch(path, primary)["isPrimary"] is True
    letter = post.letter()
    assert (letter.template, letter.to) == ("auth.email_changed", gym.email("client"))
    assert api.get("/me")["email"] == "new@b.example"
    assert log_in(gym, "new@b.example") == 200
    assert log_in(gym, gym.email("client")) == 401
    found = {one["value"]: one["isPrimary"] for one in api.get(CONTACTS)}
    assert found == {"new@b.example": True, gym.email("client"): False}


def test_an_address_of_another_account_does_not_become_primary(gym: TestGym) -> None:
    """Whoever reads the mailbox may know; nobody loses an account by it."""
    api = gym.api("client")
    contact_id = verified(gym, api, gym.email("coach"))
    api.fail(
        "PATCH",
        f"{CONTACTS}/{contact_id}",
        json={"isPrimary": True},
        expect=409,
        code="USER_DUP_EMAIL",
    )
    assert log_in(gym, gym.email("coach")) == 200


def test_password_links_to_the_old_address_end(gym: TestGym) -> None:
    api, post = gym.api("client"), Postbox(gym)
    contact_id = verified(gym, api, "new@b.example")
    post.letters()
    gym.api().post("/auth/password/forgot", {"login": gym.email("client")}, expect=202)
    token = post.letter().token
    api.patch(f"{CONTACTS}/{contact_id}", {"isPrimary": True})
    gym.api().fail(
        "POST",
        "/auth/password/reset",
        json={"token": token, "newPassword": "Nine-Lamps-Glow-42"},
        expect=410,
        code="AUTH_LINK_SPENT",
    )


def test_recovery_addresses_get_password_links_once_verified(gym: TestGym) -> None:
    api, post = gym.api("client"), Postbox(gym)
    unproven = add(api, "un@proven.example")["id"]
    body = {"isRecovery": True}
    api.fail(
        "PATCH",
        f"{CONTACTS}/{unproven}",
        json=body,
        expect=422,
        code="CONTACT_UNVERIFIED",
    )
    api.patch(f"{CONTACTS}/{verified(gym, api, 're@covery.example')}", body)
    post.letters()
    gym.api().post("/auth/password/forgot", {"login": gym.email("client")}, expect=202)
    assert {letter.to for letter in post.letters()} == {
        gym.email("client"),
        "re@covery.example",
    }


def test_the_link_is_for_the_address_it_was_sent_to(gym: TestGym) -> None:
    api, post = gym.api("client"), Postbox(gym)
    first, second = add(api, "a@b.example"), add(api, "c@d.example")
    api.post(f"{CONTACTS}/{first['id']}/verify", expect=202)
    token = post.letter().token
    for _again in range(2):
        gym.api().get("/auth/verify", query={"token": token})
    proven = {row["id"]: row["isVerified"] for row in api.get(CONTACTS)}
    assert (proven[first["id"]], proven[second["id"]]) == (True, False)


def test_a_link_ends_with_its_contact_and_its_time(gym: TestGym) -> None:
    api, post = gym.api("client"), Postbox(gym)
    for spoil, status, code in (
        ("time", 410, "AUTH_LINK_SPENT"),
        ("contact", 404, "NOT_FOUND"),
    ):
        row = add(api, f"{spoil}@b.example")
        api.post(f"{CONTACTS}/{row['id']}/verify", expect=202)
        query = {"token": post.letter().token}
        at = utc_now()
        if spoil == "time":
            at += timedelta(minutes=15)
        else:
            api.delete(f"{CONTACTS}/{row['id']}")
        with frozen_at(at):
            gym.api().fail("GET", "/auth/verify", query=query, expect=status, code=code)


def test_phone_numbers_are_verified_by_staff(gym: TestGym) -> None:
    row = add(gym.api("client"), "+4930123456", "phone")
    mine = f"{CONTACTS}/{row['id']}"
    gym.api("client").fail(
        "POST", f"{mine}/verify", expect=422, code="CONTACT_NOT_VERIFIABLE"
    )
    path = f"/users/{gym.user('client')}/contacts"
    assert row["id"] in {one["id"] for one in gym.api("team").get(path)}
    marked = gym.api("team").patch(f"{path}/{row['id']}", {"isVerified": True})
    assert marked["isVerified"] is True
    gym.api("client").fail(
        "PATCH",
        f"{path}/{row['id']}",
        json={"isVerified": True},
        expect=403,
        code="FORBIDDEN",
    )


def test_staff_mark_no_mail_address_and_nobody_above_them(gym: TestGym) -> None:
    (row,) = gym.api("client").get(CONTACTS)
    path = f"/users/{gym.user('client')}/contacts/{row['id']}"
    body = {"isVerified": True}
    gym.api("admin").fail(
        "PATCH", path, json=body, expect=422, code="CONTACT_NOT_VERIFIABLE"
    )
    (theirs,) = gym.api("admin").get(CONTACTS)
    gym.api("team").fail(
        "PATCH",
        f"/users/{gym.user('admin')}/contacts/{theirs['id']}",
        json=body,
        expect=403,
        code="USER_ROLE_NOT_GRANTABLE",
    )
    gym.api("admin").fail(  # a contact of another person than the path's
        "PATCH",
        f"/users/{gym.user('coach')}/contacts/{row['id']}",
        json=body,
        expect=404,
        code="NOT_FOUND",
    )


def test_the_primary_number_is_the_account_s(gym: TestGym) -> None:
    api = gym.api("client")
    api.patch("/me", {"phone": "+4930111111"})
    second = add(api, "+4930222222", "phone")
    api.patch(f"{CONTACTS}/{second['id']}", {"isPrimary": True})
    assert api.get("/me")["phone"] == "+4930222222"
    phones = [one for one in api.get(CONTACTS) if one["type"] == "phone"]
    assert [one["isPrimary"] for one in phones] == [True, False]
    api.delete(f"{CONTACTS}/{second['id']}")
    assert api.get("/me")["phone"] is None


def test_a_number_changed_on_the_account_is_unverified_again(gym: TestGym) -> None:
    api = gym.api("client")
    api.patch("/me", {"phone": "+4930111111"})
    path = f"/users/{gym.user('client')}/contacts"
    (row,) = [one for one in api.get(CONTACTS) if one["type"] == "phone"]
    gym.api("team").patch(f"{path}/{row['id']}", {"isVerified": True})
    api.patch("/me", {"phone": "+4930333333"})
    (row,) = [one for one in api.get(CONTACTS) if one["type"] == "phone"]
    assert (row["value"], row["isVerified"]) == ("+4930333333", False)
    api.patch("/me", {"phone": None})
    assert [one["type"] for one in api.get(CONTACTS)] == ["email"]


def test_the_primary_address_stays(gym: TestGym) -> None:
    api = gym.api("client")
    (row,) = api.get(CONTACTS)
    path = f"{CONTACTS}/{row['id']}"
    api.fail("DELETE", path, expect=409, code="CONTACT_IS_PRIMARY")
    body = {"isPrimary": False}
    api.fail("PATCH", path, json=body, expect=409, code="CONTACT_IS_PRIMARY")
    extra = add(api, "a@b.example")
    api.delete(f"{CONTACTS}/{extra['id']}")
    assert api.get(CONTACTS) == [row]


def test_if_match_guards_contacts(gym: TestGym) -> None:
    api = gym.api("client")
    row = add(api, "+4930123456", "phone")
    path, body = f"{CONTACTS}/{row['id']}", {"isPrimary": True}
    api.fail(
        "PATCH",
        path,
        json=body,
        headers={"If-Match": '"99"'},
        expect=412,
        code="PRECONDITION_FAILED",
    )
    api.patch(path, body, headers={"If-Match": f'"{row["version"]}"'})


def test_strangers_have_no_contacts(gym: TestGym) -> None:
    gym.api().fail("GET", CONTACTS, expect=401, code="AUTH_REQUIRED")
