"""Webhooks: sending what is no event, and taking in what others send."""

from core.webhooks.errors import ReceiptUnknown, SignatureInvalid
from core.webhooks.inbound import (
    Receipt,
    receive_once,
    received,
    verify_standard,
    verify_stripe,
)
from core.webhooks.outgoing import send

__all__ = [
    "Receipt",
    "ReceiptUnknown",
    "SignatureInvalid",
    "receive_once",
    "received",
    "send",
    "verify_standard",
    "verify_stripe",
]
