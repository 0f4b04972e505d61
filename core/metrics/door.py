"""Who may read the figures."""

import hmac
from collections.abc import Sequence
from ipaddress import (
    IPv4Network,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network


class Door:
    """Lets in by address or by token.

    Args:
        networks: Addresses that need no token, in CIDR form.
        token: Whoever presents it may come from anywhere; None lets nobody in so.
    """

    def __init__(self, networks: Sequence[str], token: str | None) -> None:
        self._networks = [ip_network(network) for network in networks]
        self._token = token.encode() if token else None

    def admits(
        self, *, address: str | None, authorization: str | None, forwarded: bool
    ) -> bool:
        """Says whether a request may read.

        Args:
            address: Of the connection, or as trusted proxies vouch for it.
            authorization: The header of that name.
            forwarded: Somebody in between has sent it on whom nobody declared as a
                proxy: the address is then theirs, and tells nothing.
        """
        if self._token is not None and authorization is not None:
            scheme, _, given = authorization.partition(" ")
            if scheme.lower() == "bearer" and hmac.compare_digest(
                given.strip().encode("utf-8", "surrogateescape"), self._token
            ):
                return True
        return not forwarded and self._is_near(address)

    def _is_near(self, address: str | None) -> bool:
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self._networks)
