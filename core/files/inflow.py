"""Reading a body of known length from a connection that may be slow.

A read of a WSGI server's stream cannot be given up, so a connection that stands still
is noticed when it moves again or ends. Until then it keeps one of the few places for
contents of files (``core.http.bodies``), and nothing else: no transaction is open.
"""

import time
from dataclasses import dataclass
from typing import BinaryIO, Final

from core.files.errors import SizeMismatch, UploadTooSlow

_PIECE: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a body may be.

    Attributes:
        grace_s: Seconds that any body may take.
        bytes_per_s: For each so many bytes, a second more.
    """

    grace_s: float = 20
    bytes_per_s: float = 16 * 1024


USUAL: Final = Pace()


def read_body(
    stream: BinaryIO, size_bytes: int, into: BinaryIO, pace: Pace = USUAL
) -> None:
    """Copies exactly so many bytes, and reads none beyond them.

    Raises:
        SizeMismatch: The body ends before.
        UploadTooSlow: It is slower than the pace all the way so far.
    """
    began, left = time.monotonic(), size_bytes
    while left:
        piece = _next(stream, min(left, _PIECE))
        if not piece:
            raise SizeMismatch(details={"sizeBytes": size_bytes})
        into.write(piece)
        left -= len(piece)
        allowed = pace.grace_s + (size_bytes - left) / pace.bytes_per_s
        if left and time.monotonic() - began > allowed:
            raise UploadTooSlow


def _next(stream: BinaryIO, most: int) -> bytes:
    try:
        return stream.read(most)
    except OSError:
        return b""  # the connection broke, which is one way to end too early
