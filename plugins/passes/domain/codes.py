"""Codes of passes: what a member shows at the desk, and nobody can guess.

Sixteen signs of Crockford's base 32 (https://www.crockford.com/base32.html), which has
no I, L, O and U, carry 80 bits of chance. They are kept as one word and shown in groups
of four. What people type is read generously: any case, any gaps, O for 0, I and L for
1.
"""

import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 16
GROUP: Final = 4

_BITS: Final = 5
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def new_code() -> str:
    """Makes a code of 80 random bits, without hyphens, as it is kept."""
    bits = secrets.randbits(LENGTH * _BITS)
    return "".join(
        ALPHABET[bits >> shift & 31] for shift in range(0, LENGTH * _BITS, _BITS)
    )


def new_codes(count: int) -> list[str]:
    """Makes ``count`` codes, all different."""
    found: set[str] = set()
    while len(found) < count:
        found.add(new_code())
    return list(found)


def shown(code: str) -> str:
    """Writes a code as people read it: ``ABCD-EFGH-JKMN-PQRS``."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def normalised(text: str) -> str | None:
    """Reads what somebody typed; None where no code can look like that."""
    code = text.strip().upper().translate(_MISREAD)
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        return None
    return code
