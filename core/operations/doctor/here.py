"""Checks of this machine: settings, folders, keys, clocks, backups."""

import os
import shutil
import stat
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from core.auth.keys import KeyRing, KeyRingError
from core.config import Settings
from core.operations.doctor.examination import Finding, failed, ok, warning
from core.operations.last_backup import LastBackup

_LITTLE_BYTES: Final = 1024**3
_NO_BYTES: Final = 100 * 1024**2
_OTHERS: Final = 0o077
_RPO: Final = timedelta(hours=24)
"""How much may be lost: a backup is to be no older."""
_GIB: Final = 1024**3


def settings_of(settings: Settings) -> Finding:
    """They were read, or we would not be here; do they deserve attention?"""
    if settings.warnings:
        return warning(
            "; ".join(settings.warnings) + ".",
            "Each names its variable; docs/configuration.md tells the rest.",
        )
    return ok("Sound, without a warning.")


def home_of(settings: Settings) -> Finding:
    """May we write there, may others not read the keys, is there room?"""
    home = settings.server.home
    if not home.is_dir():
        return failed(
            f"{home} is not there.",
            "Run `palestra db upgrade`, or set PALESTRA_HOME to the right folder.",
        )
    fault = _unwritable(home)
    if fault is not None:
        return failed(
            f"{home} cannot be written ({fault}).", f"Give it away: chown -R … {home}."
        )
    free = shutil.disk_usage(home).free
    if free < _NO_BYTES:
        return failed(f"Only {free // 1024**2} MiB are free.", "Free some space.")
    if free < _LITTLE_BYTES:
        return warning(f"Only {free / _GIB:.1f} GiB are free.", "Free some space.")
    return ok(f"{home} can be written, {free / _GIB:.1f} GiB are free.")


def keys_of(settings: Settings) -> Finding:
    """Are the keys ours alone, and can they sign?"""
    folder = settings.server.keys_dir
    if not folder.is_dir() and settings.auth.jwt_private_key is None:
        return warning(
            f"{folder} is not there yet.", "The first start makes it; restart then."
        )
    open_to_others = [
        path
        for path in ([folder, *folder.iterdir()] if folder.is_dir() else [])
        if stat.S_IMODE(path.stat().st_mode) & _OTHERS
    ]
    if open_to_others:
        names = " ".join(str(path) for path in open_to_others)
        return failed("Others may read the keys.", f"chmod go-rwx {names}")
    try:
        signer = KeyRing.open(settings).signer()
    except KeyRingError as error:
        return failed(str(error), "Mend it, or restore the keys from a backup.")
    said = signer.private.sign(b"check", padding.PKCS1v15(), SHA256())
    signer.private.public_key().verify(said, b"check", padding.PKCS1v15(), SHA256())
    if settings.auth.encryption_key is None and not (folder / "master.key").is_file():
        return warning(
            "There is no master key yet.", "The first start makes it; restart then."
        )
    return ok(f"Readable by us alone; {signer.kid} signs.")


def uploads_of(settings: Settings) -> Finding:
    """Can the folder of uploads be written?"""
    folder = settings.storage.uploads_dir
    if not folder.is_dir():
        return ok(f"{folder} is made with the first upload.")
    fault = _unwritable(folder)
    if fault is not None:
        return failed(
            f"{folder} cannot be written ({fault}).",
            f"Give it to the account of the processes: chown -R … {folder}.",
        )
    return ok(f"{folder} can be written.")


def backup_of(settings: Settings) -> Finding:
    """Is the last backup young enough?"""
    last = LastBackup.read(settings.server.home)
    remedy = "Run `palestra backup`, and let a timer do it: docs/backup.md."
    if last is None:
        serious = failed if settings.server.is_production else warning
        return serious("No backup was ever made from here.", remedy)
    hours = last.age() / timedelta(hours=1)
    if last.age() > _RPO + timedelta(hours=1):
        return failed(f"The last backup is {hours:.0f} hours old.", remedy)
    return ok(f"The last backup is {hours:.1f} hours old: {last.file}.")


def _unwritable(folder: Path) -> str | None:
    """Tries; the mode alone does not tell of read-only disks."""
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=".doctor-")
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return error.strerror or type(error).__name__
    return None
