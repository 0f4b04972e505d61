"""E-mail addresses, user names and phone numbers in the one form that is stored."""

import phonenumbers
from email_validator import EmailNotValidError, validate_email

MAX_EMAIL = 254


def normal_email(text: str) -> str:
    """The address as it is stored: domain in lower case, Unicode composed.

    Raises:
        ValueError: It is no address; the message says why.
    """
    try:
        # Whether mail arrives is found out by mail, not by a look at the DNS; and
        # the names reserved for tests are addresses like any other.
        checked = validate_email(
            text, check_deliverability=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return checked.normalized


def key_of(name: str) -> str:
    """The form in which addresses and user names are compared.

    ASCII letters in lower case and nothing else, as PostgreSQL's ``lower()`` does
    under the collation ``C``.
    """
    return name.encode().lower().decode()


def normal_phone(text: str) -> str:
    """The number in E.164.

    Raises:
        ValueError: It is no number that could exist, or lacks its country code.
    """
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError("Give the number with its country code, as +49 …") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("There can be no such number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
