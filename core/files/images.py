"""Images, read from the first byte to the last.

A file that begins as an image and goes on as something else is the oldest way past a
check of types. So each format is walked through as its specification lays it out (PNG
third edition; ITU-T T.81, annex B; RFC 9649), and nothing may follow its end.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

MAX_SIDE: Final = 16_384
"""Pixels on either side; a small file that says more is made to fill memory."""

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PIECE: Final = 64 * 1024
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})


class NotAnImage(Exception):
    """The content is not a whole image of the format, and nothing else."""


def check_png(content: BinaryIO, size: int) -> None:
    """Walks through a PNG's chunks and their checksums.

    Raises:
        NotAnImage: It is not a whole PNG, or something follows its end.
    """
    if content.read(8) != _PNG_SIGNATURE:
        raise NotAnImage("signature")
    kind, first = b"", True
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", _exactly(content, 8))
        if first and (kind, length) != (b"IHDR", 13):
            raise NotAnImage("header")
        head = _checked_chunk(content, kind, length, size)
        if first:
            _check_sides(*struct.unpack(">II", head[:8]))
        first = False
    _check_end(content, size)


def check_jpeg(content: BinaryIO, size: int) -> None:
    """Walks through a JPEG's segments and scans.

    Raises:
        NotAnImage: It is not a whole JPEG, or something follows its end.
    """
    if _exactly(content, 2) != b"\xff\xd8":
        raise NotAnImage("signature")
    framed, marker = False, _next_marker(content)
    while marker != _END_OF_IMAGE:
        if marker in _BARE_MARKERS:
            marker = _next_marker(content)
            continue
        (length,) = struct.unpack(">H", _exactly(content, 2))
        segment = _exactly(content, length - 2) if length > 1 else b""
        if marker in _START_OF_FRAME:
            if len(segment) < 6:  # noqa: PLR2004 — precision, two sides, components
                raise NotAnImage("frame")
            height, width = struct.unpack(">HH", segment[1:5])
            _check_sides(width, height)
            framed = True
        scanning = marker == _START_OF_SCAN
        marker = _marker_after_scan(content) if scanning else _next_marker(content)
    if not framed:
        raise NotAnImage("frame")
    _check_end(content, size)


def check_webp(content: BinaryIO, size: int) -> None:
    """Walks through a WebP's chunks.

    Raises:
        NotAnImage: It is not a whole WebP, or something follows its end.
    """
    riff, length, kind = struct.unpack("<4sI4s", _exactly(content, 12))
    if (riff, kind) != (b"RIFF", b"WEBP") or length + 8 != size:
        raise NotAnImage("signature")
    sides: tuple[int, int] | None = None
    while content.tell() < size:
        kind, length = struct.unpack("<4sI", _exactly(content, 8))
        head = _exactly(content, min(length, 10))
        sides = sides or _webp_sides(kind, head)
        if sides is None:
            raise NotAnImage("first chunk")
        _skip(content, length - len(head) + length % 2, size)
    _check_sides(*(sides or (0, 0)))
    _check_end(content, size)


def _webp_sides(kind: bytes, head: bytes) -> tuple[int, int] | None:
    """Width and height, from the start of a WebP's first chunk."""
    if kind == b"VP8X" and len(head) == 10:  # noqa: PLR2004 — the chunk's length
        width = int.from_bytes(head[4:7], "little") + 1
        return width, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L" and head[:1] == b"\x2f":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _checked_chunk(content: BinaryIO, kind: bytes, length: int, size: int) -> bytes:
    """Reads a PNG chunk in pieces against its checksum; gives its first piece."""
    if content.tell() + length + 4 > size:
        raise NotAnImage("chunk")
    sum_, first, left = zlib.crc32(kind), b"", length
    while left:
        piece = _exactly(content, min(left, _PIECE))
        first = first or piece
        sum_ = zlib.crc32(piece, sum_)
        left -= len(piece)
    if struct.unpack(">I", _exactly(content, 4))[0] != sum_:
        raise NotAnImage("checksum")
    return first


def _next_marker(content: BinaryIO) -> int:
    """The marker that must stand here, after any fill bytes."""
    if _exactly(content, 1) != b"\xff":
        raise NotAnImage("marker")
    found = 0xFF
    while found == 0xFF:  # noqa: PLR2004 — a fill byte
        found = _exactly(content, 1)[0]
    if found == 0:
        raise NotAnImage("marker")
    return found


def _marker_after_scan(content: BinaryIO) -> int:
    """Reads over compressed data; gives the marker that ends it."""
    while piece := content.read(_PIECE):
        at = piece.find(b"\xff")
        while at >= 0:
            if at + 1 == len(piece):
                piece += _exactly(content, 1)
            if piece[at + 1] == 0xFF:  # noqa: PLR2004 — a fill byte
                at += 1
                continue
            if piece[at + 1] and piece[at + 1] not in _BARE_MARKERS:
                content.seek(at + 2 - len(piece), 1)
                return piece[at + 1]
            at = piece.find(b"\xff", at + 2)
    raise NotAnImage("end")


def _exactly(content: BinaryIO, count: int) -> bytes:
    found = content.read(count)
    if len(found) != count:
        raise NotAnImage("cut short")
    return found


def _skip(content: BinaryIO, count: int, size: int) -> None:
    if content.seek(count, 1) > size:
        raise NotAnImage("cut short")


def _check_sides(width: int, height: int) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise NotAnImage("size")


def _check_end(content: BinaryIO, size: int) -> None:
    if content.tell() != size:
        raise NotAnImage("trailing data")


CHECKS: Final[Mapping[str, Callable[[BinaryIO, int], None]]] = {
    "image/jpeg": check_jpeg,
    "image/png": check_png,
    "image/webp": check_webp,
}
"""How an image of each media type is read."""
