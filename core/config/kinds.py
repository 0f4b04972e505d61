"""The kinds of value a variable may hold: how each is read and how to mend it."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from environs import Env
from marshmallow import ValidationError, validate

MASTER_KEY_BYTES: Final = 32

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    r"(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_RATE = re.compile(r"([1-9][0-9]*)/(?:second|minute|hour|day)")
_AGE_KEY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")
_AGE_RECIPIENT = re.compile(r"age1[0-9a-z]{58}")
_MOST_IN_RATE: Final = 9_999_999


def _same(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        label: What the value is, for documentation ("whole number, 1 to 15").
        remedy: What to set instead of a faulty value, as an imperative clause.
        read: Reads and checks the variable of the given name; on a fault it returns
            None and leaves the message with the reader.
        convert: Turns a checked value into what the settings hold.
    """

    label: str
    remedy: str
    read: Callable[[Env, str], Any]
    convert: Callable[[Any], object] = _same


def _checked(
    label: str,
    remedy: str,
    check: Callable[[str], object],
    convert: Callable[[str], object] = str.strip,
) -> Kind:
    def read(env: Env, name: str) -> str | None:
        return env.str(name, validate=check)

    return Kind(label, remedy, read, convert)


def _listed(label: str, remedy: str, check: Callable[[str], object]) -> Kind:
    def check_all(items: list[str]) -> None:
        for item in items:
            check(item.strip())

    def read(env: Env, name: str) -> list[str] | None:
        return env.list(name, subcast=str, validate=check_all)

    def convert(items: list[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.strip() for item in items))

    return Kind(label, remedy, read, convert)


def _refuse_unless(holds: object, message: str) -> None:
    if not holds:
        raise ValidationError(message)


def integer(low: int, high: int) -> Kind:
    """A whole number between two bounds, both included."""
    return Kind(
        f"whole number, {low} to {high}",
        f"set a whole number from {low} to {high}",
        lambda env, name: env.int(name, validate=validate.Range(low, high)),
    )


def duration(unit: str, low: int, high: int) -> Kind:
    """A whole number of a time unit, held as a timedelta.

    Args:
        unit: A keyword of ``timedelta``: ``milliseconds``, ``minutes`` or ``days``.
        low: The smallest number allowed.
        high: The largest number allowed.
    """
    number = integer(low, high)
    return Kind(
        f"{unit}, {low} to {high}",
        f"set a whole number of {unit} from {low} to {high}",
        number.read,
        lambda count: timedelta(**{unit: count}),
    )


def choice(options: type[StrEnum]) -> Kind:
    """One word of a fixed set, in any case."""
    words = [option.value for option in options]

    def check(value: str) -> None:
        _refuse_unless(value.strip().lower() in words, "Not one of the known words.")

    return _checked(
        " or ".join(words),
        f"set one of {', '.join(words)}",
        check,
        lambda value: options(value.strip().lower()),
    )


def url_of(*schemes: str, example: str) -> Kind:
    """A URL with a host.

    Args:
        schemes: The schemes accepted; none means any.
        example: A URL to show in messages.
    """

    def check(value: str) -> None:
        try:
            parts = urlsplit(value.strip())
            scheme, _port = parts.scheme, parts.port
        except ValueError:
            raise ValidationError("Not a valid URL.") from None
        _refuse_unless(scheme and "://" in value, "Not a valid URL.")
        known = not schemes or scheme in schemes
        _refuse_unless(known, f"Its scheme is not one of {', '.join(schemes)}.")
        _refuse_unless(parts.netloc or scheme == "unix", "It names no host.")

    return _checked("URL", f"set a URL such as {example}", check)


def pem() -> Kind:
    r"""PEM key text; ``\n`` written out stands for a line break."""

    def unescape(value: str) -> str:
        return value.replace("\\n", "\n").strip() + "\n"

    def check(value: str) -> None:
        text = unescape(value)
        begins, ends = text.count("-----BEGIN "), text.count("KEY-----\n")
        whole = text.startswith("-----BEGIN ") and begins and ends == 2 * begins
        _refuse_unless(whole, "Not PEM key text.")

    return _checked(
        "PEM",
        "set the whole PEM text, from -----BEGIN to KEY-----",
        check,
        unescape,
    )


def _base64(value: str) -> bytes:
    """Decodes base64 in either of its alphabets."""
    url_safe = value.strip().replace("+", "-").replace("/", "_")
    return base64.b64decode(url_safe, altchars=b"-_", validate=True)


def master_key() -> Kind:
    """A 256-bit key in base64, held as bytes."""

    def check(value: str) -> None:
        try:
            size = len(_base64(value))
        except (binascii.Error, ValueError):
            raise ValidationError("Not base64.") from None
        message = f"It holds {size} bytes, not {MASTER_KEY_BYTES}."
        _refuse_unless(size == MASTER_KEY_BYTES, message)

    return _checked(
        "32 bytes in base64",
        "set the output of: openssl rand -base64 32",
        check,
        _base64,
    )


def master_keys() -> Kind:
    """Several keys in base64, held as bytes."""
    one = master_key()

    def read(env: Env, name: str) -> list[str] | None:
        return env.list(name, subcast=str, validate=check)

    def check(items: list[str]) -> None:
        for item in items:
            try:
                size = len(_base64(item))
            except (binascii.Error, ValueError):
                raise ValidationError("Not base64.") from None
            message = f"One holds {size} bytes, not {MASTER_KEY_BYTES}."
            _refuse_unless(size == MASTER_KEY_BYTES, message)

    def convert(items: list[str]) -> tuple[object, ...]:
        return tuple(dict.fromkeys(one.convert(item) for item in items))

    return Kind(
        "32 bytes each in base64, by comma",
        "set base64 keys of 32 bytes each, separated by commas",
        read,
        convert,
    )


def _check_origin(value: str) -> None:
    try:
        parts = urlsplit(value)
        whole = f"{parts.scheme}://{parts.netloc}" == value and parts.hostname
        sound = whole and parts.scheme in {"http", "https"} and not parts.username
    except ValueError:
        sound = False
    _refuse_unless(sound and "*" not in value, "Not a list of web origins.")


def _check_host(value: str) -> None:
    bare = value.strip().lower().removeprefix(".")
    _refuse_unless(_HOST.fullmatch(bare), "Not a valid host name.")


def _check_sender(value: str) -> None:
    validate.Email(error="Not a valid e-mail address.")(parseaddr(value)[1])


def _check_language(value: str) -> None:
    _refuse_unless(_LANGUAGE.fullmatch(value), "Not a language code.")


def _check_rate(value: str) -> None:
    rate = _RATE.fullmatch(value.strip())
    if rate is None:
        raise ValidationError("Not a rate.")
    # By its digits: a number of thousands of them would not even be read.
    fits = len(rate[1]) <= len(str(_MOST_IN_RATE))
    _refuse_unless(fits, f"Its number is above {_MOST_IN_RATE}.")


def _check_network(value: str) -> None:
    try:
        ip_network(value)
    except ValueError:
        raise ValidationError("Not an address or network.") from None


def _check_age_key(value: str) -> None:
    known = _AGE_KEY.fullmatch(value.strip())
    _refuse_unless(known, "Not a secret age key.")


def _check_age_recipient(value: str) -> None:
    _refuse_unless(_AGE_RECIPIENT.fullmatch(value), "Not a public age key.")


SWITCH: Final = Kind(
    "true or false",
    "set true or false",
    lambda env, name: env.bool(name),
)
PATH: Final = Kind(
    "path",
    "set a path",
    lambda env, name: env.path(name),
    lambda path: Path(path).expanduser().absolute(),
)
TEXT: Final = _checked("text", "set a text", validate.Length(min=1))
HOST: Final = _checked(
    "host name",
    "set a host name such as gyms.example.com",
    _check_host,
    lambda value: value.strip().lower().removeprefix("."),
)
SENDER: Final = _checked(
    "e-mail address",
    "set an address such as Palestra <no-reply@example.com>",
    _check_sender,
)
RATE: Final = _checked(
    "rate",
    f"set a number from 1 to {_MOST_IN_RATE} per second, minute, hour or day, "
    "such as 600/minute",
    _check_rate,
)
LANGUAGE: Final = _checked(
    "language code",
    "set a language code such as en or pt-BR",
    _check_language,
)
LANGUAGES: Final = _listed(
    "language codes",
    "set language codes separated by commas, such as en,de",
    _check_language,
)
AGE_KEY: Final = _checked(
    "age secret key",
    "set a key that begins with AGE-SECRET-KEY-1",
    _check_age_key,
)
AGE_RECIPIENTS: Final = _listed(
    "age public keys",
    "set public keys that begin with age1, separated by commas",
    _check_age_recipient,
)
NETWORKS: Final = _listed(
    "networks",
    "set addresses or networks separated by commas, such as 10.0.0.0/8,127.0.0.1",
    _check_network,
)
ORIGINS: Final = _listed(
    "web origins",
    "set origins without path or wildcard, separated by commas, "
    "such as https://app.example.com",
    _check_origin,
)
