"""The master keys, and a key of its own for each purpose.

One master key is current: what is sealed is sealed under it. Former ones still open
what was sealed under them, until nothing is and they are retired. They come from the
settings or lie in the key folder, where the first process makes the first one. Keys for
purposes are derived from them (HKDF-SHA256, RFC 5869), so that one that leaks says
nothing about the others.

Every call looks whether the key file is still the one it has read, so that a process
which runs while the key is rotated uses the new one from then on.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.config.settings import Settings

KEY_BYTES: Final = 32
ID_BYTES: Final = 8
"""Of a master key's id, which goes with everything that is sealed under it."""

_CURRENT: Final = "master.key"
_FORMER: Final = re.compile(r"^master-([0-9a-f]{16})\.key$")
_ROTATING: Final = "master.rotating"
_PRIVATE: Final = 0o600

_Stamp = tuple[tuple[int, int, int], int]


class MasterKeyError(RuntimeError):
    """The master keys cannot be used or changed so; one line says what to do."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One master key.

    Attributes:
        id: Names the key without telling anything of it.
        replaced_at: When its successor was made; None for the current one, and for
            those that the settings give.
    """

    secret: bytes = field(repr=False)
    id: bytes
    replaced_at: datetime | None = None
    path: Path | None = field(default=None, repr=False)


def master_keys(settings: Settings) -> tuple[MasterKey, ...]:
    """The master keys as they are now: the current one first, then the former."""
    given, folder = settings.auth.encryption_key, settings.server.keys_dir
    if given is None and not (folder / _CURRENT).exists():
        _make_first(folder)
    stored = _stored(folder, _stamp(folder))
    if given is None:
        return _distinct(*stored, *map(_named, settings.auth.encryption_keys_former))
    further = map(_named, settings.auth.encryption_keys_former)
    return _distinct(_named(given), *further, *stored)


def derive_key(settings: Settings, purpose: str) -> bytes:
    """Returns the 32-byte key for ``purpose``, the same in every process.

    It changes when the master key is rotated.
    """
    return derived(master_keys(settings)[0].secret, purpose)


def derive_keys(settings: Settings, purpose: str) -> tuple[bytes, ...]:
    """The key for ``purpose``, then those of former master keys.

    For checking what may have been made before a rotation.
    """
    return tuple(derived(key.secret, purpose) for key in master_keys(settings))


@lru_cache(maxsize=256)
def derived(master: bytes, purpose: str) -> bytes:
    """The 32-byte key that follows from a master key for a purpose."""
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode())
    return kdf.derive(master)


def rotate_master(settings: Settings) -> bool:
    """Makes a new master key; the one before becomes a former one.

    Returns:
        Whether it did: not while an earlier rotation is unfinished.

    Raises:
        MasterKeyError: The master key comes from a variable.
    """
    folder = settings.server.keys_dir
    if settings.auth.encryption_key is not None:
        raise MasterKeyError(
            "The master key comes from PALESTRA_ENCRYPTION_KEY: put a new one there, "
            "as docs/secrets.md says."
        )
    master_keys(settings)
    with _locked(folder):
        if rotation_unfinished(settings):
            return False
        before = master_keys(settings)[0]
        _written(folder, before.id).rename(folder / _ROTATING)
        # First the copy, then the new key: there is no moment without the old one.
        _written(folder, before.secret).rename(folder / _name_of(before))
        _sync(folder)
        _written(folder, secrets.token_bytes(KEY_BYTES)).rename(folder / _CURRENT)
        _sync(folder)
    return True


def rotation_unfinished(settings: Settings) -> bool:
    """Whether there is a new master key and not everything is sealed under it yet."""
    try:
        began_with = (settings.server.keys_dir / _ROTATING).read_bytes()
    except FileNotFoundError:
        return False
    # Stopped before there was a new key, it has not begun.
    return began_with != master_keys(settings)[0].id


def rotation_finished(settings: Settings) -> None:
    """Notes that everything is sealed under the current master key."""
    (settings.server.keys_dir / _ROTATING).unlink(missing_ok=True)


def retire(settings: Settings, key: MasterKey) -> None:
    """Removes a former master key for good.

    Raises:
        MasterKeyError: It comes from a variable, or is the current one.
    """
    if key.path is None or key.id == master_keys(settings)[0].id:
        raise MasterKeyError(
            f"{key.id.hex()} is no file of a former key: take it out of "
            "PALESTRA_ENCRYPTION_KEYS_FORMER, or move master.key out of the folder."
        )
    with _locked(settings.server.keys_dir):
        key.path.unlink(missing_ok=True)
        _sync(settings.server.keys_dir)


def _named(secret: bytes) -> MasterKey:
    return MasterKey(secret, derived(secret, "master key id")[:ID_BYTES])


def _name_of(key: MasterKey) -> str:
    return f"master-{key.id.hex()}.key"


def _distinct(*keys: MasterKey) -> tuple[MasterKey, ...]:
    """Each key once, where it stands first."""
    found: dict[bytes, MasterKey] = {}
    for key in keys:
        found.setdefault(key.id, key)
    return tuple(found.values())


def _stamp(folder: Path) -> _Stamp | None:
    """Tells one state of the key folder from another; None when there is none."""
    try:
        whole = folder.stat()
    except FileNotFoundError:
        return None
    try:
        current = (folder / _CURRENT).stat()
    except FileNotFoundError:
        return ((0, 0, 0), whole.st_mtime_ns)
    seen = (current.st_ino, current.st_mtime_ns, current.st_size)
    return (seen, whole.st_mtime_ns)


@lru_cache(maxsize=16)
def _stored(folder: Path, stamp: _Stamp | None) -> tuple[MasterKey, ...]:
    """The keys in the folder, the current one first, the former from the newest on."""
    if stamp is None:
        return ()
    former = []
    for path in folder.iterdir():
        # One that is retired at this moment is gone when it comes to reading it.
        with suppress(FileNotFoundError):
            if _FORMER.fullmatch(path.name):
                replaced_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                named = _named(_read(path))
                former.append((replaced_at, replace(named, path=path)))
    former.sort(key=lambda found: (found[0], found[1].id), reverse=True)
    path = folder / _CURRENT
    current = [_named(_read(path))] if path.exists() else []
    return (*current, *(replace(key, replaced_at=since) for since, key in former))


def _read(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise MasterKeyError(f"{path} holds no master key: restore it from a backup.")
    return secret


def _make_first(folder: Path) -> None:
    """Makes the master key file; whoever comes first does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _written(folder, secrets.token_bytes(KEY_BYTES))
    try:
        # A link fails where the name is taken: the first process wins.
        os.link(draft, folder / _CURRENT)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _written(folder: Path, secret: bytes) -> Path:
    """A file with a key, on the disk before it gets its name."""
    draft = folder / f".master.{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return draft


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from changing the keys; the kernel frees it on death."""
    descriptor = os.open(folder / "master.lock", os.O_CREAT | os.O_RDWR, _PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
