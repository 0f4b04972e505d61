"""Bodies that come in slowly, or not whole."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import pytest
from typing_extensions import override

from core.files.errors import SizeMismatch, UploadTooSlow
from core.files.inflow import Pace, read_body

QUICK = Pace(grace_s=0.2, bytes_per_s=10**12)


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, BinaryIO]]:
    """The sender's end of a connection, and the receiver's stream."""
    sender, receiver = socket.socketpair()
    with sender, receiver, receiver.makefile("rb") as stream:
        yield sender, stream


def test_exactly_so_much_is_read() -> None:
    stream, into = io.BytesIO(b"abcdef" * 10_000), io.BytesIO()
    read_body(stream, 50_000, into)
    assert into.getvalue() == (b"abcdef" * 10_000)[:50_000]
    assert stream.tell() == 50_000


def test_a_body_that_ends_early(wire: tuple[socket.socket, BinaryIO]) -> None:
    sender, stream = wire
    sender.sendall(b"abc")
    sender.shutdown(socket.SHUT_WR)
    with pytest.raises(SizeMismatch):
        read_body(stream, 4, io.BytesIO())


def test_a_connection_that_breaks() -> None:
    class Broken(io.BytesIO):
        @override
        def read(self, _size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(SizeMismatch):
        read_body(Broken(), 4, io.BytesIO())


def test_a_body_that_drips_is_given_up(wire: tuple[socket.socket, BinaryIO]) -> None:
    sender, stream = wire
    over = threading.Event()

    def drip() -> None:
        with suppress(OSError):
            while not over.wait(0.01):
                sender.sendall(bytes(16 * 1024))

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(UploadTooSlow):
            read_body(stream, 10**9, io.BytesIO(), QUICK)
    finally:
        over.set()
        sender.shutdown(socket.SHUT_RDWR)  # nobody reads any more, so it may hang
        dripping.join()
