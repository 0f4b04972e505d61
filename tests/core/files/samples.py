"""Small images, made byte by byte, so that each test can spoil what it wants."""

import struct
import zlib
from base64 import b64decode


def png(width: int = 2, height: int = 2, *, text: bytes = b"") -> bytes:
    """A grey PNG, with an optional text chunk before its pixels."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    extra = chunk(b"tEXt", b"Comment\0" + text) if text else b""
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            extra,
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        )
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    sum_ = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)


def webp(side: int = 1) -> bytes:
    """A WebP whose lossless picture is one byte long: enough for its structure."""
    bits = (side - 1) | (side - 1) << 14
    picture = b"\x2f" + struct.pack("<I", bits) + b"\x88\x88\x08"
    body = b"WEBP" + b"VP8L" + struct.pack("<I", len(picture)) + picture
    return b"RIFF" + struct.pack("<I", len(body)) + body


_JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////"
    "////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAA"
    "AAAAAP/aAAgBAQABPxA="
)
JPEG = _JPEG + b"\xff\xd9"
"""A JPEG of one pixel."""

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
