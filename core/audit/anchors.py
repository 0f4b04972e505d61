"""Anchors: what a gym's chain was, kept outside the database.

A file for each gym, a line for each seal: number, hash, entries, moment, and an HMAC
over them and the line before. Whoever rewrites tables cannot write these lines, and
whoever cuts the end off the tables leaves lines behind that nothing answers to.
"""

import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import UUID

import structlog

log = structlog.get_logger(__name__)

_TAIL: Final = 1024
"""Bytes in which the last line fits."""
_PARTS: Final = 5


class Anchorable(Protocol):
    """What an anchor tells of a seal."""

    @property
    def seq(self) -> int: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def entries(self) -> int: ...
    @property
    def sealed_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line.

    Attributes:
        genuine: Whether its HMAC is right.
    """

    seq: int
    hash: bytes
    entries: int
    genuine: bool


class Anchors:
    """The anchor files of an installation.

    Args:
        folder: Where they lie; made when it is missing.
        key: Of the HMAC.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key

    def path(self, tenant_id: UUID) -> Path:
        """The file of a gym."""
        return self._folder / f"{tenant_id}.log"

    def last_seq(self, tenant_id: UUID) -> int:
        """The number of the last anchored seal; 0 when there is none."""
        try:
            with self.path(tenant_id).open("rb") as file:
                last = _last_line(file)
        except FileNotFoundError:
            return 0
        return _seq(last)

    def read(self, tenant_id: UUID) -> list[Anchor]:
        """Every whole line of a gym, in the order of the file."""
        try:
            text = self.path(tenant_id).read_bytes()
        except FileNotFoundError:
            return []
        found, before = [], b""
        for line in text.split(b"\n")[:-1]:
            parts = line.split(b" ")
            told, mac = b" ".join(parts[:-1]), parts[-1]
            right = self._mac(tenant_id, before, told)
            whole = len(parts) == _PARTS and hmac.compare_digest(right, mac)
            found.append(
                Anchor(
                    seq=_seq(line),
                    hash=_unhex(parts[1]) if whole else b"",
                    entries=int(parts[2]) if whole else 0,
                    genuine=whole,
                )
            )
            before = mac
        return found

    def append(self, tenant_id: UUID, seals: Iterable[Anchorable]) -> None:
        """Anchors seals that are not yet, here and as a log line, and syncs the file.

        Several processes may do so at once.
        """
        with self._locked(tenant_id) as file:
            last = _last_line(file)
            before, known = last.rpartition(b" ")[2], _seq(last)
            for seal in seals:
                if seal.seq <= known:
                    continue
                moment = seal.sealed_at.isoformat()
                told = f"{seal.seq} {seal.hash.hex()} {seal.entries} {moment}".encode()
                before = self._mac(tenant_id, before, told)
                file.write(told + b" " + before + b"\n")
                log.info(
                    "audit.sealed",
                    tenant=str(tenant_id),
                    seq=seal.seq,
                    hash=seal.hash.hex(),
                    entries=seal.entries,
                    mac=before.decode(),
                )
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self, tenant_id: UUID) -> Iterator[BinaryIO]:
        """The file at its end, this process's alone, without a torn last line."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path(tenant_id), os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(-_last_tear(file), os.SEEK_END)
            file.truncate()
            yield file
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _mac(self, tenant_id: UUID, before: bytes, told: bytes) -> bytes:
        message = b"\n".join((tenant_id.bytes, before, told))
        return hmac.digest(self._key, message, hashlib.sha256).hex().encode()


def _tail(file: BinaryIO) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    return file.read()


def _last_line(file: BinaryIO) -> bytes:
    """The last whole line; the file is left at its end."""
    whole = _tail(file).rpartition(b"\n")[0]
    return whole.rpartition(b"\n")[2]


def _last_tear(file: BinaryIO) -> int:
    """How many bytes follow the last whole line: a write that a crash cut short."""
    tail = _tail(file)
    return len(tail) - (tail.rfind(b"\n") + 1)


def _seq(line: bytes) -> int:
    number = line.partition(b" ")[0]
    return int(number) if number.isdigit() else 0


def _unhex(text: bytes) -> bytes:
    return bytes.fromhex(text.decode("ascii"))
