"""The address that a request comes from, as far as limits are concerned."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Request

UNKNOWN = "unknown"
"""Stands for callers without an address, such as those on a unix socket."""

_NETWORK = 64
"""Bits of an IPv6 address that name a household; the rest its holder picks freely."""


def client_address(request: "Request") -> str:
    """The caller's IPv4 address, or the /64 network of its IPv6 address.

    Only the address of the connection counts, which is the one that the configured
    number of trusted proxies vouches for; forwarding headers are never read here.
    """
    return bucket_of(request.environ.get("REMOTE_ADDR") or "")


@lru_cache(maxsize=10_000)
def bucket_of(raw: str) -> str:
    """Writes an address in the one form that all requests of its holder share.

    Args:
        raw: As the server or a proxy noted it; a port behind it is left out, as some
            proxies add one.
    """
    try:
        address = _parse(raw)
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    network = int(address) >> (128 - _NETWORK) << (128 - _NETWORK)
    return f"{IPv6Address(network)}/{_NETWORK}"


def _parse(raw: str) -> IPv4Address | IPv6Address:
    if raw.startswith("["):
        return ip_address(raw[1:].partition("]")[0])
    if raw.count(":") == 1:
        return ip_address(raw.partition(":")[0])
    return ip_address(raw)
