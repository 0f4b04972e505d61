"""Locking a backup and opening it again, with age, as streams.

A backup is locked for X25519 keys: those of the recipients, or one made for this file
alone, which the file's first line then carries locked by the passphrase. Without
Palestra, where it is locked for a recipient: cut the first line off, ``age -d`` the
rest, ``tar x`` what comes out.
"""

import base64
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

import orjson
import pyrage
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.config import Settings
from core.operations.errors import OperationFailed

_MAGIC = b"PALESTRA-BACKUP 1 "
_LONGEST_HEAD = 65536


@contextmanager
def locked(target: BinaryIO, settings: Settings, *, plain: bool) -> Iterator[BinaryIO]:
    """Gives a stream; what is written to it goes to ``target``, locked.

    Raises:
        OperationFailed: There is nothing to lock it with.
    """
    if plain:
        target.write(_head({"locked": "no"}))
        yield target
        return
    head, recipients = _locks(settings)
    target.write(_head(head))
    target.flush()
    with _through(
        lambda source: pyrage.encrypt_io(source, target, recipients), writing=True
    ) as stream:
        yield stream


@contextmanager
def opened(source: BinaryIO, settings: Settings) -> Iterator[BinaryIO]:
    """Gives the stream that was locked.

    Raises:
        OperationFailed: It is no backup, was changed, or the key is another one.
    """
    head = _read_head(source)
    if head["locked"] == "no":
        yield source
        return
    identities = [_identity(head, settings)]
    with _through(
        lambda sink: pyrage.decrypt_io(source, sink, identities), writing=False
    ) as stream:
        yield stream


def must_be_lockable(settings: Settings) -> None:
    """Refuses before any work is done.

    Raises:
        OperationFailed: There is nothing to lock a backup with.
    """
    if not (settings.backup.passphrase or settings.backup.recipients):
        raise OperationFailed(
            "A backup holds keys and personal data: set PALESTRA_BACKUP_PASSPHRASE "
            "or PALESTRA_BACKUP_RECIPIENTS, or take --plain, which leaves the keys "
            "out and the rest open."
        )


def _locks(settings: Settings) -> tuple[dict[str, str], list[pyrage.x25519.Recipient]]:
    must_be_lockable(settings)
    if settings.backup.recipients:
        known = [
            pyrage.x25519.Recipient.from_str(one) for one in settings.backup.recipients
        ]
        return {"locked": "recipients"}, known
    made = pyrage.x25519.Identity.generate()
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    cipher = AESGCM(_stretched(str(settings.backup.passphrase), salt))
    told = salt + nonce + cipher.encrypt(nonce, str(made).encode(), _MAGIC)
    head = {"locked": "passphrase", "key": base64.b64encode(told).decode()}
    return head, [made.to_public()]


def _identity(head: dict[str, str], settings: Settings) -> pyrage.x25519.Identity:
    if head["locked"] == "recipients":
        if settings.backup.key is None:
            raise OperationFailed(
                "This backup is locked for a key: set PALESTRA_BACKUP_KEY to its "
                "secret half."
            )
        return pyrage.x25519.Identity.from_str(settings.backup.key.strip())
    if settings.backup.passphrase is None:
        raise OperationFailed(
            "This backup is locked by a passphrase: set PALESTRA_BACKUP_PASSPHRASE."
        )
    try:
        told = base64.b64decode(head["key"])
        cipher = AESGCM(_stretched(settings.backup.passphrase, told[:16]))
        clear = cipher.decrypt(told[16:28], told[28:], _MAGIC)
        return pyrage.x25519.Identity.from_str(clear.decode())
    except (InvalidTag, HashingError, ValueError, KeyError) as error:
        raise OperationFailed(
            "PALESTRA_BACKUP_PASSPHRASE does not open this backup: set the one it "
            "was made with."
        ) from error


def _stretched(passphrase: str, salt: bytes) -> bytes:
    """A key from a passphrase: Argon2id with 64 MiB, as RFC 9106 recommends.

    Not age's own scrypt, which takes a gigabyte of memory on a fast machine.
    """
    return hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=3,
        memory_cost=65536,
        parallelism=4,
        hash_len=32,
        type=Type.ID,
    )


def _head(told: dict[str, str]) -> bytes:
    return _MAGIC + orjson.dumps(told) + b"\n"


def _read_head(source: BinaryIO) -> dict[str, str]:
    line = source.readline(_LONGEST_HEAD)
    told: dict[str, str] = {}
    if line.startswith(_MAGIC):
        with suppress(orjson.JSONDecodeError):
            told = orjson.loads(line.removeprefix(_MAGIC))
    if told.get("locked") not in {"no", "passphrase", "recipients"}:
        raise OperationFailed(
            "This is no backup of Palestra, or one of a newer version."
        )
    return told


@contextmanager
def _through(work: Callable[[BinaryIO], None], *, writing: bool) -> Iterator[BinaryIO]:
    """Runs ``work`` on the other end of a pipe, in a thread.

    Args:
        work: Reads or writes its end, until it is closed.
        writing: Whether the caller writes; else it reads.
    """
    reading_end, writing_end = os.pipe()
    ends = (reading_end, writing_end) if writing else (writing_end, reading_end)
    modes = ("rb", "wb") if writing else ("wb", "rb")
    failures: list[Exception] = []
    theirs, ours = os.fdopen(ends[0], modes[0]), os.fdopen(ends[1], modes[1])

    def run() -> None:
        try:
            with theirs:
                work(theirs)  # type: ignore[arg-type]  # binary, by its mode
        except Exception as error:  # noqa: BLE001 — raised again where it is read
            failures.append(error)

    thread = threading.Thread(target=run, name="backup-lock", daemon=True)
    thread.start()
    try:
        yield ours  # type: ignore[misc]  # binary, by its mode
    except BaseException as error:
        _finish(ours, thread)
        # What broke the pipe says more than that it is broken.
        if failures and not isinstance(failures[0], BrokenPipeError):
            raise _explained(failures) from error
        raise
    _finish(ours, thread)
    if failures:
        raise _explained(failures) from failures[0]


def _finish(stream: object, thread: threading.Thread) -> None:
    with suppress(OSError):
        stream.close()  # type: ignore[attr-defined]
    thread.join()


def _explained(failures: Sequence[Exception]) -> Exception:
    first = failures[0]
    if isinstance(first, OSError):
        return first
    return OperationFailed(
        "This backup does not open: it was changed or cut short, or the key is "
        "another one."
    )
