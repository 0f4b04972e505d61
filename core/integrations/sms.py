"""Text messages by a service of the gym's own."""

import warnings
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import marshmallow as ma

from core.errors import ProviderFailed
from core.http.schema import Schema, Text
from core.outbound.guard import Guard
from core.plugin.integration import Configuration, Integration

if TYPE_CHECKING:
    from apprise import Apprise

MAX_URLS: Final = 5
MAX_URL: Final = 500

PLACEHOLDER: Final = "{to}"
"""Stands in an address for the recipient's number."""

SERVICES: Final = frozenset(
    {
        "46elks", "atalk", "bulksms", "bulkvs", "burstsms", "clickatell", "clicksend",
        "cm", "d7sms", "eight00com", "elks", "exotel", "gupshup", "httpsms", "infobip",
        "kaleyra", "kavenegar", "klr", "kudosity", "mobilemessage", "mobilemsg",
        "msg91", "msgbird", "nexmo", "notifyre", "octopush", "plivo", "ringc",
        "serwersms", "seven", "sinch", "smsc", "smsmanager",
        "smsmgr", "smstunnel", "sns", "telesign", "telnyx", "twilio", "voipms",
        "vonage",
    }
)  # fmt: skip
"""Schemes of Apprise that send text messages by a service with hosts of its own. Others
reach far more than phones: the desktop of this machine, its log, or any address."""

SAMPLE: Final = "This is a test of the text messages of your gym."

_URL: Final = r"^[A-Za-z0-9]+://[^\s]+$"
_NUMBER: Final = r"^\+[1-9][0-9]{6,14}$"


def _service(url: str) -> None:
    if url.partition("://")[0].lower() not in SERVICES:
        raise ma.ValidationError("This service is not known to send text messages.")


class SmsSettings(Schema):
    """Services that take text messages, in the order in which they are tried."""

    urls = ma.fields.List(
        Text(maximum=MAX_URL, pattern=_URL, validate=_service),
        required=True,
        load_only=True,
        validate=ma.validate.Length(min=1, max=MAX_URLS),
        metadata={
            "description": "Apprise URLs without a recipient, such as "
            "twilio://sid:token@+15550100; the next is tried where one fails.",
            "writeOnly": True,
        },
    )
    test_to = Text(
        required=True,
        maximum=16,
        pattern=_NUMBER,
        metadata={"description": "The number that gets the message of a test."},
    )


def with_number(url: str, number: str) -> str:
    """An Apprise address that sends to one number.

    Args:
        url: With ``{to}`` where the number belongs, or without a recipient; then the
            number goes to the end of the path, where most services want it.
        number: In E.164, such as ``+491701234567``.
    """
    encoded = quote(number, safe="")
    if PLACEHOLDER in url:
        return url.replace(PLACEHOLDER, encoded)
    address, mark, options = url.partition("?")
    return f"{address.rstrip('/')}/{encoded}{mark}{options}"


def try_out(configuration: Configuration, guard: Guard) -> None:  # noqa: ARG001 — these services have fixed hosts
    """Sends one message by each service to the gym's number for tests.

    Raises:
        ProviderFailed: One of them did not take it; the text says which by its place.
    """
    for place, url in enumerate(configuration["urls"], start=1):
        sender = _senders()()
        known = sender.add(with_number(url, configuration["test_to"]))
        if not known:
            raise ProviderFailed(f"Address {place} is not one that its service has.")
        if not sender.notify(body=SAMPLE):
            raise ProviderFailed(f"The service of address {place} took no message.")


@cache
def _senders() -> type["Apprise"]:
    """Apprise with all its services, loaded when a process first needs it.

    That takes most of a second, and imports what Python calls outdated.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise  # noqa: PLC0415

        Apprise().details()
    return Apprise


SMS: Final = Integration(
    name="sms",
    title="Text messages",
    summary="Text message services of the gym's own; else the platform's is used.",
    schema=SmsSettings,
    test=try_out,
)
