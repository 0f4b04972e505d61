"""Running the server's programs as the right account, in the right folder."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from core.db.embedded.account import Account

#: A folder that a process may use however closed its parents are.
OPEN_FOLDER = Path("/proc/self/cwd")

#: Nothing of the caller's surroundings (PGDATA, LC_ALL, …) reaches the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

TELLING = re.compile(r"\b(?:FATAL|PANIC|ERROR|DETAIL|HINT|error|detail|hint):.*")
TAIL_BYTES = 4096
TAIL_LINES = 4

_children: list[subprocess.Popen[bytes]] = []


def start_program(
    command: Sequence[str | Path],
    *,
    folder: Path,
    account: Account | None,
    log: int,
    keep: int,
) -> subprocess.Popen[bytes]:
    """Start a program of the installation in a session of its own.

    Its own session keeps the terminal's Ctrl-C away from it: we end it in order.

    Args:
        command: Absolute path and arguments; all made by this package.
        folder: Working folder, entered before the account changes.
        account: Who it runs as, None for ourselves.
        log: Descriptor for its output.
        keep: Descriptor of a lock the program holds as long as it lives.

    Raises:
        OSError: It cannot be started.
    """
    process = subprocess.Popen(  # noqa: S603 - no shell, and the command is ours
        [str(part) for part in command],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(keep,),
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        umask=0o077,
    )
    # Somebody must wait for a child, also for a server that outlives its starter.
    _children.append(process)
    return process


def reap_children() -> None:
    """Wait for those of our programs that have ended, so none stays a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]


def data_argument(data: Path, account: Account | None) -> str:
    """How a program started inside ``data`` names it.

    An account that root changes to may be unable to pass the parents of a home
    (``/root`` is closed to all others), yet may use its working folder.
    """
    if account and OPEN_FOLDER.is_dir():
        return str(OPEN_FOLDER)
    return str(data)


def log_tail(log: Path, start: int) -> str:
    """The telling lines at the end of what was logged since ``start``.

    Args:
        log: The log file.
        start: Its size, in bytes, when the program was started.

    Returns:
        At most four lines joined to one, without time stamps.
    """
    with log.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(start, size - TAIL_BYTES))
        lines = stream.read().decode(errors="replace").splitlines()
    telling = [match.group() for line in lines if (match := TELLING.search(line))]
    return "; ".join((telling or lines)[-TAIL_LINES:]) or "it said nothing"
