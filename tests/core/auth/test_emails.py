"""Addresses and numbers in their one form."""

import pytest

from core.auth.emails import key_of, normal_email, normal_phone


def test_an_address_keeps_its_case_before_the_at() -> None:
    assert normal_email("Ada.L@Iron.EXAMPLE") == "Ada.L@iron.example"


@pytest.mark.parametrize("text", ["", "ada", "ada@", "@iron.example", "a b@x.example"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normal_email(text)


def test_keys_fold_ascii_alone_as_the_database_does() -> None:
    assert key_of("ÄDA@Iron.Example") == "Äda@iron.example"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+49 30 123456", "+4930123456"),
        ("+1 (212) 555-0100", "+12125550100"),
    ],
)
def test_numbers_become_e164(text: str, number: str) -> None:
    assert normal_phone(text) == number


@pytest.mark.parametrize("text", ["030 123456", "+49", "+1 2", "call me", ""])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normal_phone(text)
