"""Images are walked through from the first byte to the last."""

import io
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.files.content import Declared, verify
from core.files.errors import (
    ChecksumMismatch,
    ContentRefused,
    SizeMismatch,
    TypeMismatch,
)
from core.files.images import CHECKS, MAX_SIDE, NotAnImage
from tests.core.files.conftest import digest
from tests.core.files.samples import JPEG, PDF, chunk, png, webp

SOUND = {"image/png": png(), "image/jpeg": JPEG, "image/webp": webp()}
PAGE = b"<html><script>alert(1)</script></html>"


def check(media_type: str, content: bytes, **declared: object) -> None:
    said = {"size_bytes": len(content), "sha256": None, **declared}
    verify(io.BytesIO(content), Declared(media_type, **said))  # type: ignore[arg-type]


@pytest.mark.parametrize("media_type", SOUND)
def test_whole_images_pass(media_type: str) -> None:
    content = SOUND[media_type]
    check(media_type, content, sha256=digest(content))


@pytest.mark.parametrize("media_type", SOUND)
@pytest.mark.parametrize("tail", [b"\0", b"\n", PAGE, b"PK\x03\x04", PDF])
def test_nothing_follows_the_end(media_type: str, tail: bytes) -> None:
    with pytest.raises(ContentRefused):
        check(media_type, SOUND[media_type] + tail)


@pytest.mark.parametrize("media_type", SOUND)
def test_an_image_that_is_cut_short_is_refused(media_type: str) -> None:
    whole = SOUND[media_type]
    for length in range(1, len(whole)):
        with pytest.raises((ContentRefused, TypeMismatch)):
            check(media_type, whole[:length])


@pytest.mark.parametrize("said", SOUND)
@pytest.mark.parametrize(
    "content",
    [
        *SOUND.values(),
        PAGE,
        PDF,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(40),
        b"\x7fELF" + bytes(60),
        b"just words",
    ],
)
def test_other_types_are_refused(said: str, content: bytes) -> None:
    if content == SOUND[said]:
        check(said, content)
        return
    with pytest.raises((TypeMismatch, ContentRefused)):
        check(said, content)


def test_a_page_inside_an_image_is_refused() -> None:
    check("image/png", png(text=b"a holiday"))
    for page in (PAGE, b"<SVG onload=x>", b"<?php system(1);", b"<!DocType html>"):
        with pytest.raises(ContentRefused):
            check("image/png", png(text=page))
    comment = b"\xff\xfe" + struct.pack(">H", len(PAGE) + 2) + PAGE
    with pytest.raises(ContentRefused):
        check("image/jpeg", JPEG[:2] + comment + JPEG[2:])


def test_sides_have_a_bound() -> None:
    huge = struct.pack(">IIBBBBB", MAX_SIDE + 1, 1, 8, 0, 0, 0, 0)
    start = png()[:8] + chunk(b"IHDR", huge)
    with pytest.raises(ContentRefused):
        check("image/png", start + png()[33:])
    with pytest.raises(ContentRefused):
        check("image/png", png(width=1)[:16] + bytes(4) + png(width=1)[20:])


def test_a_changed_pixel_breaks_a_checksum() -> None:
    whole = bytearray(png())
    whole[45] ^= 1
    with pytest.raises(ContentRefused):
        check("image/png", bytes(whole))


def test_size_and_checksum_are_held_to() -> None:
    with pytest.raises(SizeMismatch):
        check("image/png", png(), size_bytes=len(png()) + 1)
    with pytest.raises(ChecksumMismatch):
        check("image/png", png(), sha256=digest(b"something else"))


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"a\0b",
        b"\xff\xfe",
        b"caf\xc3",
        b"ok\n<script>alert(1)</script>",
        b"\xef\xbb\xbf<!doctype html>",
        PDF,
        *SOUND.values(),
    ],
)
def test_what_is_no_text(content: bytes) -> None:
    with pytest.raises(TypeMismatch):
        check("text/plain", content)


@pytest.mark.parametrize(
    "text", ["BMW, Berlin", "a", "grüße\n" * 400_000, '{"a": 1}', "1 < 2 & 3", "II*"]
)
def test_text_passes(text: str) -> None:
    check("text/plain", text.encode())


@given(st.binary(max_size=400), st.sampled_from(sorted(SOUND)))
def test_rubbish_ends_in_a_refusal_and_nothing_else(junk: bytes, kind: str) -> None:
    whole = SOUND[kind]
    with pytest.raises(NotAnImage):
        CHECKS[kind](io.BytesIO(junk), len(junk))
    for content in (whole[:20] + junk, whole[:-4] + junk):
        with suppress(NotAnImage):
            CHECKS[kind](io.BytesIO(content), len(content))
