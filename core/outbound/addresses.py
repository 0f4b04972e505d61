"""Where calls may go: what a URL may be, and which addresses are refused.

A gym's admin chooses the URL, and the platform's server makes the request. Without
care that lets an admin reach what only the server can: its own network, or the metadata
service of its cloud. So a URL is held to a narrow form, its host is resolved once,
every address is checked, and the connection is made to a checked address and to no
other (see ``core.outbound.guard``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import SplitResult, urlsplit

from core.outbound.errors import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL: Final = 2000

_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_FIRST_FREE_PORT: Final = 1024
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")

# IANA's registry of special-purpose addresses, RFC 6890 and its updates; and the one
# public address that is a cloud's own (Azure's WireServer).
_REFUSED_V4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    )
)  # fmt: skip

# Of IPv6 only global unicast is allowed (RFC 4291), and of that not what is special:
# protocol assignments such as Teredo, documentation, and 6to4, which is IPv4 inside.
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_REFUSED_V6: Final = tuple(
    IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart.

    Attributes:
        host: A name in lower case without a dot at its end, or an IP address.
        path: Path and query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _DEFAULT_PORT[self.scheme]
        return host if usual else f"{host}:{self.port}"


def parse(url: str, *, plain_http: bool = False) -> Target:
    """Takes a URL apart, without asking the network.

    Args:
        url: As the admin gave it.
        plain_http: Whether ``http`` will do.

    Raises:
        AddressRefused: It has another form than a plain web address.
    """
    if len(url) > MAX_URL or not re.fullmatch(r"[!-\[\]-~]+", url):
        raise AddressRefused("Give a URL in ASCII, without spaces and backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("This is no URL.") from error
    if parts.scheme not in ({"https", "http"} if plain_http else {"https"}):
        raise AddressRefused("Only https is allowed.")
    if "@" in parts.netloc:
        raise AddressRefused("A user name or password does not belong into the URL.")
    if "#" in url:
        raise AddressRefused("A fragment does not belong into the URL.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    chosen = _DEFAULT_PORT[parts.scheme] if port is None else port
    if chosen not in _DEFAULT_PORT.values() and chosen < _FIRST_FREE_PORT:
        raise AddressRefused("Allowed are the ports 80, 443 and from 1024 on.")
    return Target(parts.scheme, _host(parts), chosen, path)


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        if "%" in host or not _is_v6(host):
            raise AddressRefused("This is no IPv6 address.")
        return host
    name = host.removesuffix(".")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        # As browsers see it, such a host is an IPv4 address; of the many ways to write
        # one (2130706433, 0x7f.1, 0177.0.0.1) only the plain one is taken.
        try:
            return str(IPv4Address(host))
        except ValueError as error:
            raise AddressRefused("This is no IPv4 address.") from error
    if not _NAME.fullmatch(name):
        raise AddressRefused("This is no host name; write others than ASCII as xn--….")
    return name


def _is_v6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def literal(host: str) -> Address | None:
    """The address, where ``host`` is one; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def networks(blocks: Sequence[str]) -> tuple[Network, ...]:
    """Reads networks in CIDR notation."""
    return tuple(ip_network(block) for block in blocks)


def is_refused(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether nothing may be sent to an address.

    Args:
        address: That a name led to.
        allowed: Networks that the operator lets through all the same.
    """
    inner = _embedded(address)
    if any(one in network for one in {address, inner} for network in allowed):
        return False
    if isinstance(inner, IPv4Address):
        return any(inner in network for network in _REFUSED_V4)
    return inner not in _GLOBAL_V6 or any(inner in network for network in _REFUSED_V6)


def _embedded(address: Address) -> Address:
    """The IPv4 address that packets to an IPv6 address end up at; else itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
