"""An API key as it is written: ``pk_<key><gym>_<secret>``.

All three parts are numbers in base 62 of fixed length, so a double click selects the
whole key, a scanner for leaked secrets recognises it, and each key is written in
exactly one way.
"""

import hashlib
import re
import secrets
import string
from typing import Final
from uuid import UUID

from core.http.ports import KeyClaims

MARK: Final = "pk_"
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_ID: Final = 22
"""Digits of an id: 62**22 > 2**128."""
_SECRET_BYTES: Final = 32
_SECRET: Final = 43
_FORM: Final = re.compile(rf"\Apk_([0-9A-Za-z]{{44}})_[0-9A-Za-z]{{{_SECRET}}}\Z")


def make(tenant_id: UUID, key_id: UUID) -> str:
    """Makes a key with a new secret of 256 random bits."""
    secret = int.from_bytes(secrets.token_bytes(_SECRET_BYTES))
    return f"{prefix_of(key_id)}{_written(tenant_id.int, _ID)}_" + _written(
        secret, _SECRET
    )


def prefix_of(key_id: UUID) -> str:
    """The part by which people recognise a key; it is no secret."""
    return MARK + _written(key_id.int, _ID)


def read(text: str) -> KeyClaims:
    """Reads a key; whether there is one of this secret is not asked here.

    Raises:
        ValueError: It is not written as a key is.
    """
    found = _FORM.match(text)
    if found is None:
        raise ValueError("not an API key")
    ids = found[1]
    return KeyClaims(
        tenant_id=UUID(int=_number(ids[_ID:])),
        key_id=UUID(int=_number(ids[:_ID])),
        digest=digest_of(text),
    )


def digest_of(text: str) -> bytes:
    """What is stored of a key; it has 256 random bits, so no salt is needed."""
    return hashlib.sha256(text.encode()).digest()


def _written(number: int, length: int) -> str:
    digits = []
    for _place in range(length):
        number, value = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[value])
    return "".join(reversed(digits))


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number * len(_DIGITS) + _VALUES[digit]
    return number
