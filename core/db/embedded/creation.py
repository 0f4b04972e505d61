"""Making the cluster: complete under its final name, or not at all."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from core.db.embedded.account import Account
from core.db.embedded.binaries import Installation
from core.db.embedded.errors import EmbeddedPostgresError
from core.db.embedded.folders import Folders, make_private
from core.db.embedded.locks import FileLock, open_private
from core.db.embedded.programs import data_argument, log_tail, start_program

UNFINISHED = "data.new-"

#: The same answers on every machine: no locale of the host, no ICU, UTC.
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
)


def data_major(folders: Folders) -> int | None:
    """The major version that wrote the data.

    Returns:
        The version, or None where no data is.

    Raises:
        EmbeddedPostgresError: Something else lies in the data folder.
        OSError: It cannot be read.
    """
    if not folders.data.exists() or not any(folders.data.iterdir()):
        return None
    try:
        return int((folders.data / "PG_VERSION").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        raise EmbeddedPostgresError(
            f"{folders.data} is no PostgreSQL data folder (PG_VERSION is missing or "
            "damaged): restore it from a backup, or move it away to start empty."
        ) from None


def check_major(folders: Folders, found: int, installation: Installation) -> None:
    """Refuse data that our server cannot read.

    Raises:
        EmbeddedPostgresError: The data is of another major version.
    """
    if found != installation.major:
        raise EmbeddedPostgresError(
            f"{folders.data} was written by PostgreSQL {found}, but this installation "
            f"brings PostgreSQL {installation.major}: dump it with PostgreSQL {found} "
            "(pg_dumpall) and load the dump here, or move the folder away to start "
            "empty."
        )


def create_cluster(
    folders: Folders,
    installation: Installation,
    account: Account | None,
    *,
    life: FileLock,
    sync: bool,
    deadline: float,
) -> None:
    """Run ``initdb`` aside and move the result into place.

    Args:
        folders: Where the server lives.
        installation: The programs, reachable by ``account``.
        account: Who owns the data, None for ourselves.
        life: The held life-cycle lock. ``initdb`` shares it, so that nobody cleans
            up under an ``initdb`` whose starter was killed.
        sync: Whether to force the files to disk before the move.
        deadline: A reading of ``time.monotonic()``, in seconds.

    Raises:
        EmbeddedPostgresError: ``initdb`` failed.
        OSError: A folder cannot be made or moved.
    """
    for leftover in folders.base.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover)
    scratch = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folders.base))
    try:
        make_private(scratch, account)
        run_initdb(
            [
                installation.program("initdb"),
                f"--pgdata={data_argument(scratch, account)}",
                *INITDB_OPTIONS,
                *([] if sync else ["--no-sync"]),
            ],
            folders,
            scratch,
            account,
            life,
            deadline,
        )
        scratch.rename(folders.data)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    sync_folder(folders.base)


def run_initdb(
    command: list[str | Path],
    folders: Folders,
    scratch: Path,
    account: Account | None,
    life: FileLock,
    deadline: float,
) -> None:
    """Run ``initdb`` to its end, or end it."""
    log = open_private(folders.log, os.O_WRONLY | os.O_APPEND)
    try:
        start = os.fstat(log).st_size
        process = start_program(
            command, folder=scratch, account=account, log=log, keep=life.descriptor
        )
    finally:
        os.close(log)
    try:
        code = process.wait(max(1.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise EmbeddedPostgresError(
            f"initdb did not finish in {folders.base} in time: try again, with a "
            "longer time-out on a slow disk."
        ) from None
    finally:
        process.kill()
        process.wait()
    if code != 0:
        raise EmbeddedPostgresError(
            f"initdb could not create the database in {folders.base}: "
            f"{log_tail(folders.log, start)}. The whole log is {folders.log}."
        )


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
