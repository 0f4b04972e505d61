"""``/notifications/unsubscribe``: opting out from within a message (RFC 8058)."""

import hashlib
from base64 import b64encode
from html import escape
from typing import Any, Final

from flask import Response

from core.context import current
from core.http.blueprint import Blueprint
from core.http.schema import Schema, Text
from core.notifications import unsubscribe as service
from core.notifications.errors import UnsubscribeInvalid

unsubscribing = Blueprint("unsubscribing", prefix=service.PATH, tag="Notifications")

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;"
    "padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}"
)
_HASH: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_WORDS: Final = {
    "en": ("Unsubscribe", "You no longer get messages about this.", "Unsubscribe from"),
    "de": ("Abbestellen", "Sie erhalten dazu keine Nachrichten mehr.", "Abbestellen:"),
}


class UnsubscribeQuery(Schema):
    """The link's token."""

    token = Text(
        required=True,
        minimum=1,
        maximum=service.MAX_TOKEN,
        metadata={"description": "As it stands in the message."},
    )


@unsubscribing.get(
    summary="Look at a link to unsubscribe",
    public=True,
    query=UnsubscribeQuery,
    media_type="text/html",
    errors=(UnsubscribeInvalid,),
)
def ask(query: dict[str, Any]) -> Response:
    """A page with a button. Looking changes nothing, as scanners of mail do it too."""
    found = service.read(query["token"])
    button, _done, about = _words()
    title = escape(found.topic.title_in(_language()))
    # The form leads back to this very address, its token included.
    return _page(
        f"{about} {title}", f'<form method="post"><button>{button}</button></form>'
    )


@unsubscribing.post(
    summary="Unsubscribe",
    public=True,
    query=UnsubscribeQuery,
    media_type="text/html",
    errors=(UnsubscribeInvalid,),
)
def opt_out(query: dict[str, Any]) -> Response:
    """Ends messages about one topic by one channel to one person, without logging in.

    Mail programs send it with the body `List-Unsubscribe=One-Click`, which is not
    looked at. Doing it again changes nothing.
    """
    service.opt_out(query["token"])
    button, done, _about = _words()
    return _page(button, f"<p>{done}</p>")


def _language() -> str:
    return current().require_gym().locale.partition("-")[0]


def _words() -> tuple[str, str, str]:
    return _WORDS.get(_language(), _WORDS["en"])


def _page(title: str, body: str) -> Response:
    """A small page of the gym's; ``title`` and ``body`` are HTML."""
    gym = escape(current().require_gym().name)
    html = (
        f'<!doctype html><html lang="{escape(_language())}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{gym}</h1><h2>{title}</h2>{body}</html>"
    )
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response
