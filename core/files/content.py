"""Is content what it says it is? What is checked before anyone may read it."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO, Final

import puremagic

from core.files import images
from core.files.errors import (
    ChecksumMismatch,
    ContentRefused,
    SizeMismatch,
    TypeMismatch,
)

_HEAD: Final = 8192
_PIECE: Final = 1024 * 1024
_MARKUP: Final = (
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<svg",
    b"<iframe",
    b"<?php",
    b"javascript:",
)
"""What a browser, or a server that runs scripts, might take a file for."""

_KINDS_OF_TEXT: Final = frozenset({"text/plain", "text/csv", "application/json"})
_FOUR_BYTES: Final = 0.4


@dataclass(frozen=True, slots=True)
class Declared:
    """What the uploader said about the content.

    Attributes:
        sha256: In hexadecimal; None where nothing was said.
    """

    media_type: str
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What the content is."""

    media_type: str
    size_bytes: int
    sha256: str


def verify(content: BinaryIO, declared: Declared) -> Verified:
    """Holds content to what was declared.

    Args:
        content: A file that can be read from any position.
        declared: What it must be.

    Raises:
        SizeMismatch: Its length is another.
        ChecksumMismatch: Its SHA-256 is another.
        TypeMismatch: It is of another type, or of none that is known.
        ContentRefused: It could also be taken for something else.
    """
    size, checksum = _measure(content)
    if size != declared.size_bytes:
        raise SizeMismatch
    if declared.sha256 is not None and checksum != declared.sha256:
        raise ChecksumMismatch
    content.seek(0)
    head = content.read(_HEAD)
    if declared.media_type.startswith("text/"):
        _check_text(content, head)
    else:
        _check_binary(content, head, declared)
    return Verified(declared.media_type, size, checksum)


def _measure(content: BinaryIO) -> tuple[int, str]:
    content.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := content.read(_PIECE):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _check_binary(content: BinaryIO, head: bytes, declared: Declared) -> None:
    if declared.media_type not in sniffed(content):
        raise TypeMismatch
    check = images.CHECKS.get(declared.media_type)
    if check is None:
        return
    content.seek(0)
    try:
        check(content, declared.size_bytes)
    except images.NotAnImage as error:
        raise ContentRefused from error
    if _has_markup(head):
        raise ContentRefused


def _check_text(content: BinaryIO, head: bytes) -> None:
    """Text is UTF-8 without control codes, and no page in disguise.

    Text has no signature, so what is recognised by one is not text, unless the
    signature is so short that a sentence may begin with it.
    """
    others = sniffed(content, at_least=_FOUR_BYTES) - _KINDS_OF_TEXT
    if _has_markup(head) or others:
        raise TypeMismatch
    content.seek(0)
    rest = b""
    while piece := content.read(_PIECE):
        if b"\0" in piece:
            raise TypeMismatch
        rest = _undecoded(rest + piece)
    if rest:
        raise TypeMismatch


def _undecoded(piece: bytes) -> bytes:
    """The bytes at the end that only begin a character."""
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        if error.end != len(piece) or "unexpected end" not in error.reason:
            raise TypeMismatch from error
        return piece[error.start :]
    return b""


def sniffed(content: BinaryIO, *, at_least: float = 0) -> frozenset[str]:
    """The types that the content most looks like; none where nothing is known.

    Args:
        content: A file that can be read from any position.
        at_least: How sure to be: a tenth for each byte of a signature.
    """
    content.seek(0)
    try:
        found = puremagic.magic_stream(content)
    except (puremagic.PureError, ValueError):
        return frozenset()
    best = max((match.confidence for match in found), default=0)
    return frozenset(
        match.mime_type
        for match in found
        if match.confidence == best >= at_least and match.mime_type
    )


def _has_markup(head: bytes) -> bool:
    lowered = head.lower()
    return any(mark in lowered for mark in _MARKUP)
