"""Server processes that outlive a killed postmaster and keep the data locked."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

PROCESSES = Path("/proc")


def end_orphans(data: Path) -> None:
    """End the back ends of a postmaster that is gone.

    Only processes named ``postgres`` that work inside ``data`` are looked at, and
    nothing happens while the postmaster is among them. Where the kernel has no
    ``/proc`` they are left to end by themselves.

    Args:
        data: The cluster they work in.
    """
    if not hasattr(os, "pidfd_open") or not PROCESSES.is_dir():
        return
    with ExitStack() as stack:
        found: list[int] = []
        for handle, title in server_processes(data):
            stack.callback(os.close, handle)
            if not title.startswith(b"postgres:"):  # the postmaster has no role
                return
            found.append(handle)
        for handle in found:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGQUIT)


def server_processes(data: Path) -> Iterator[tuple[int, bytes]]:
    """Yield a handle to each server process of ``data`` with its command line.

    The handle is opened before the look, so it cannot come to mean a later process
    of the same number.
    """
    place = data.stat()
    for folder in PROCESSES.iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError):
            if (folder / "comm").read_bytes() != b"postgres\n":
                continue
            handle = os.pidfd_open(int(folder.name))
            try:
                title = (folder / "cmdline").read_bytes()
                ours = os.path.samestat((folder / "cwd").stat(), place)
            except BaseException:
                os.close(handle)
                raise
            if ours and title:
                yield handle, title
            else:
                os.close(handle)
