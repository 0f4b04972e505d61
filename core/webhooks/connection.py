"""A connection to a checked address, all of it under one deadline.

The time limits of HTTP libraries count each read anew, so that a receiver which sends a
byte now and then holds them up for hours. Here every operation gets what is left.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import httpcore
from typing_extensions import override

_CONNECT_S = 5.0


class Deadline:
    """A moment by which everything has to be done."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: None are.
        """
        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to the given addresses, whatever name the request bears.

    The name serves for the certificate alone; nothing here asks the DNS.

    Args:
        addresses: Numeric and checked; tried in turn.
        deadline: Of the whole exchange.
    """

    def __init__(self, addresses: Sequence[str], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure = OSError("no address")
        for address in self._addresses:
            seconds = min(_CONNECT_S, self._deadline.left())
            try:
                made = socket.create_connection((address, port), seconds)
            except OSError as error:
                failure = error
            else:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return _Stream(made, self._deadline)
        raise failure


class _Stream(httpcore.NetworkStream):
    """A socket, plain or with TLS, that keeps to the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        self._deadline = deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv(max_bytes)

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        while left:
            self._socket.settimeout(self._deadline.left())
            left = left[self._socket.send(left) :]

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            # Held to the time-out as a whole, unlike reads and writes.
            self._socket.settimeout(self._deadline.left())
            wrapped = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname
            )
        except OSError:
            self.close()
            raise
        return _Stream(wrapped, self._deadline)

    @override
    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()
