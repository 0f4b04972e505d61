"""Which passwords are good enough; pure decisions."""

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

MIN_LENGTH: Final = 12
_MIN_PERSONAL: Final = 4
"""A shorter name is too likely to stand in a good password by chance."""
_MIN_DIFFERENT: Final = 6

_CLASSES: Final = (
    (re.compile(r"[a-zß-öø-ÿ]"), "a lower-case letter"),
    (re.compile(r"[A-ZÀ-ÖØ-Þ]"), "an upper-case letter"),
    (re.compile(r"\d"), "a digit"),
    (re.compile(r"[\W_]"), "a symbol"),
)
_LEET: Final = str.maketrans("013457@$!|", "oieastasil")
_CALENDAR: Final = (
    "spring|summer|autumn|fall|winter|january|february|march|april|may|june|july|"
    "august|september|october|november|december|frühling|fruehling|sommer|herbst|"
    "januar|februar|märz|maerz|mai|juni|juli|oktober|dezember|monday|tuesday|"
    "wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|"
    "freitag|samstag|sonntag"
)
_CALENDAR_AND_YEAR: Final = re.compile(
    rf"^[\W_\d]*(?:{_CALENDAR})[\W_]*(?:19|20)?\d\d[\W_\d]*$"
)


def faults(password: str, personal: Iterable[str] = ()) -> list[str]:
    """Names every rule that ``password`` breaks, each as half a sentence.

    Args:
        password: What somebody wants to log in with.
        personal: Words about the person: their names, their e-mail address.
    """
    found = []
    if len(password) < MIN_LENGTH:
        found.append(f"at least {MIN_LENGTH} characters")
    found += [what for pattern, what in _CLASSES if not pattern.search(password)]
    if len(set(password)) < _MIN_DIFFERENT:
        found.append(f"at least {_MIN_DIFFERENT} different characters")
    if is_common(password):
        found.append("nothing that is commonly used")
    if _holds_any(password, personal):
        found.append("no part of your name or e-mail address")
    return found


def is_common(password: str) -> bool:
    """Says whether attackers try ``password`` early.

    That is: a common word or two in a row, whatever digits and symbols stand around
    them or for their letters; or a season, month or weekday with a year.
    """
    lowered = password.lower()
    if _CALENDAR_AND_YEAR.match(lowered):
        return True
    return any(_is_words(core) for core in _cores(lowered))


def _cores(lowered: str) -> set[str]:
    """The letters that remain without decoration, read plainly and as leet."""
    trimmed = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lowered)
    # "Passw0rd1!": the tail is decoration first and only then leet.
    return {
        re.sub(r"[\W\d_]", "", lowered),
        re.sub(r"[\W\d_]", "", trimmed.translate(_LEET)),
        re.sub(r"[\W\d_]", "", lowered.translate(_LEET)),
    }


def _is_words(text: str) -> bool:
    known = common_words()
    if text in known:
        return True
    return any(
        text[:cut] in known and text[cut:] in known for cut in range(3, len(text) - 2)
    )


@cache
def common_words() -> frozenset[str]:
    """The bundled list: words and keyboard runs, in lower case, letters only."""
    text = (
        resources.files("core.auth")
        .joinpath("common_passwords.txt")
        .read_text(encoding="utf-8")
    )
    return frozenset(text.split())


def _holds_any(password: str, personal: Iterable[str]) -> bool:
    lowered = password.lower()
    words = (word for text in personal for word in re.split(r"[\W_]+", text.lower()))
    return any(len(word) >= _MIN_PERSONAL and word in lowered for word in words)
