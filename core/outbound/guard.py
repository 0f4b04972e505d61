"""Looking a host up, and refusing where it leads."""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self

from core.config import Settings
from core.outbound.addresses import Network, is_refused, literal, networks
from core.outbound.errors import AddressRefused

Resolve = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host, as text."""

LOOK_UP_S: Final = 5.0
"""So long a look-up takes at most, where nobody says otherwise."""

_SCOPE = "%"


def system_addresses(host: str, port: int) -> Sequence[str]:
    """Asks the system's resolver.

    Raises:
        OSError: The name leads nowhere.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_others, sockaddr in found))


class Guard:
    """Says which addresses a host leads to; one for each installation.

    Args:
        allowed: Networks that are let through although they are not public.
        resolve: Looks names up.
    """

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        resolve: Resolve = system_addresses,
    ) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Builds it from the settings."""
        return cls(networks(settings.outbound.allow_networks))

    def check(self, host: str) -> None:
        """Refuses an address that is wrong on its face; a name passes.

        What a name leads to is known only when it is looked up.

        Raises:
            AddressRefused: It is an address, and not a public one.
        """
        address = literal(host)
        if address is not None and is_refused(address, self._allowed):
            raise AddressRefused("This address is not public.")

    def addresses(
        self, host: str, port: int, *, seconds: float = LOOK_UP_S
    ) -> Sequence[str]:
        """Looks a host up, once, and checks all that it leads to.

        Args:
            host: A name or an address.
            port: For the resolver.
            seconds: How long the look-up may take.

        Raises:
            AddressRefused: It leads nowhere, or anywhere that is not public.
            TimeoutError: The resolver takes too long.
        """
        self.check(host)
        if literal(host) is not None:
            return [host]
        found = _within(seconds, lambda: self._resolve(host, port))
        if not found:
            raise AddressRefused("The host name leads nowhere.")
        for address in found:
            read = literal(address)
            if read is None or _SCOPE in address or is_refused(read, self._allowed):
                raise AddressRefused("The host name leads to no public address.")
        return found


def _within(seconds: float, look_up: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Looks up on a thread, as the system's resolver knows no deadline."""
    answers: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(look_up())
        except (OSError, UnicodeError):
            answers.put(())

    threading.Thread(target=work, name="outbound-dns", daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty as error:
        raise TimeoutError from error
