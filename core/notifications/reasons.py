"""Why something did not go out, in words that may be stored: short, nobody named."""

import re
import smtplib

MAX_REASON = 300
"""Characters."""

_ADDRESS = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def reason_of(error: Exception) -> str:
    """Describes an error of a mail server or of the network."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return clean(f"{error.smtp_code} {text}")
    return clean(f"{type(error).__name__}: {error}")


def clean(text: str) -> str:
    """Leaves addresses and control characters out, and cuts what is too long."""
    return _CONTROL.sub(" ", _ADDRESS.sub("[address]", text)).strip()[:MAX_REASON]


def masked(address: str) -> str:
    """An address as staff see it in lists: ``m***@example.com``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
