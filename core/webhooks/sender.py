"""Sending one request to a receiver outside, without being led astray."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Final, Self

import httpcore

from core.config import Settings
from core.outbound.addresses import Target, parse
from core.outbound.errors import AddressRefused
from core.outbound.guard import Guard
from core.webhooks.connection import CheckedNetwork, Deadline

SECONDS: Final = 15.0
"""So long an attempt takes at most, from the DNS to the head of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt went.

    Attributes:
        status: The HTTP status; None where there was no answer.
        reason: In a few words, never the receiver's own.
    """

    status: int | None
    reason: str

    @property
    def taken(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and HTTPStatus.OK <= self.status < 300  # noqa: PLR2004

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing more."""
        return self.status == HTTPStatus.GONE


class Sender:
    """Posts webhooks; one for each installation.

    Args:
        guard: Says where they may go.
        plain_http: Whether ``http`` will do.
        seconds: How long an attempt may take in all.
        tls: Makes the context that certificates are checked by.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        plain_http: bool = False,
        seconds: float = SECONDS,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._guard = guard
        self._plain_http = plain_http
        self._seconds = seconds
        self._make_tls = tls

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Builds it from the settings."""
        return cls(
            Guard.of(settings),
            plain_http=not settings.server.is_production,
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._make_tls()

    def check(self, url: str) -> Target:
        """Takes a URL apart and refuses what is wrong with it on its face.

        Names are not looked up: what they lead to is known only when it is sent.

        Raises:
            AddressRefused: Nothing may be sent there.
        """
        target = parse(url, plain_http=self._plain_http)
        self._guard.check(target.host)
        return target

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Posts ``body``; redirects are not followed, and no proxy is used."""
        try:
            return self._posted(url, headers, body, Deadline(self._seconds))
        except AddressRefused as refusal:
            return Answer(None, str(refusal))
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(None, f"No answer within {self._seconds:g} seconds.")
        except ssl.SSLError:
            return Answer(None, "TLS failed; is the certificate valid for the host?")
        except OSError:
            return Answer(None, "The connection failed.")
        except (httpcore.ProtocolError, httpcore.NetworkError):
            return Answer(None, "The answer was not HTTP, or broke off.")

    def _posted(
        self, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
    ) -> Answer:
        target = self.check(url)
        found = self._guard.addresses(target.host, target.port, seconds=deadline.left())
        network = CheckedNetwork(found, deadline)
        where = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent = {"Host": target.authority, "Connection": "close", **headers}
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls, network_backend=network
            ) as pool,
            # The body of the answer is never read, so it may be as long as it likes.
            pool.stream(
                "POST", where, headers=list(sent.items()), content=body
            ) as response,
        ):
            return Answer(response.status, _described(response.status))


def _described(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
