"""The folder in which the processes of one machine count together.

The client library keeps a file for each process and kind of figure, and a scrape adds
them up. By process id, the files of dead processes would pile up, and taking them away
would turn counters back. So a process takes the lowest free number instead, which it
holds by a lock until it ends: whoever comes after a dead process goes on counting
where that one stopped, and there are never more files than processes at one time.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, NamedTuple

from prometheus_client import values

from core.metrics import handles

_NAMESPACE: Final = Path("/proc/self/ns/pid")
_MOST_PROCESSES: Final = 4_096


class Member(NamedTuple):
    """A live process that counts in the folder.

    Attributes:
        number: Its place; two processes never have one at the same time.
        kind: What it does: ``web``, ``work`` …
    """

    number: int
    pid: int
    kind: str


class Folder:
    """A folder that processes share; called, it gives this process's number.

    The first process to come finds nobody there and begins at 0; the files of an
    earlier run are deleted.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        self._pid = 0
        self._number = -1
        self._place: IO[str] | None = None
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Held until the process ends; children that are forked hold it with us.
        self._presence = (path / "presence").open("a")
        with suppress(BlockingIOError):
            fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for old in [*path.glob("*.db"), *path.glob("place-*")]:
                old.unlink()
        fcntl.flock(self._presence, fcntl.LOCK_SH)

    def __call__(self) -> int:
        """The number of this process, taken now when it was forked since."""
        if self._pid != os.getpid():
            self._take()
        return self._number

    def files(self) -> list[str]:
        """The files to add up; levels of dead processes are deleted first."""
        self.members()
        return [str(file) for file in self.path.glob("*.db") if file.stat().st_size]

    def members(self) -> list[Member]:
        """The live processes; what dead ones left of levels is deleted."""
        own, found = self(), []
        for place in sorted(self.path.glob("place-*")):
            number = int(place.name.removeprefix("place-"))
            with _free(place) as free:
                if free and number != own:
                    self._clear(number)
                    continue
            found += _member(place, number)
        return found

    def rename(self, kind: str) -> None:
        """Says what this process does; a forked one is of another kind."""
        self.kind = kind
        if self._pid == os.getpid() and self._place is not None:
            self._introduce(self._place)

    def _introduce(self, place: IO[str]) -> None:
        place.truncate(0)
        place.write(f"{os.getpid()} {_namespace()} {self.kind}")
        place.flush()

    def _take(self) -> None:
        if self._place is not None:
            self._place.close()  # a copy of our parent's, whose lock stays
        for number in range(_MOST_PROCESSES):
            place = (self.path / f"place-{number:04}").open("a")
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                place.close()
                continue
            break
        else:
            raise RuntimeError(f"More than {_MOST_PROCESSES} processes count here.")
        self._clear(number)
        self._introduce(place)
        self._place, self._number, self._pid = place, number, os.getpid()

    def _clear(self, number: int) -> None:
        """Deletes a dead process's levels; its place must be locked or ours."""
        for level in self.path.glob(f"gauge_live*_{number}.db"):
            level.unlink(missing_ok=True)


def share(path: Path, kind: str) -> None:
    """Has this process, and those it forks, count in a folder from now on.

    The variable ``PROMETHEUS_MULTIPROC_DIR`` must name the folder already.

    Args:
        path: The folder; made when absent.
        kind: What this process does, shown with its CPU time and memory.
    """
    here = _here.get("folder")
    if here is None or here.path != path:
        here = Folder(path, kind)
        values.ValueClass = values.MultiProcessValue(  # type: ignore[no-untyped-call]
            here
        )
        _here["folder"] = here
        handles.begin_anew()
    elif here.kind != kind:
        here.rename(kind)
    handles.make_all()


def shared_folder() -> Folder | None:
    """The folder that this process counts in; None when it counts for itself."""
    return _here.get("folder")


_here: dict[str, Folder] = {}


@contextmanager
def _free(place: Path) -> Iterator[bool]:
    """Whether nobody has a place; while inside the block, nobody takes it either."""
    with place.open("a") as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _member(place: Path, number: int) -> list[Member]:
    """Who has a place; nobody where it is a container whose process ids mean others."""
    pid, _, rest = place.read_text("utf-8").partition(" ")
    namespace, _, kind = rest.partition(" ")
    if not pid.isdigit() or namespace != _namespace():
        return []
    return [Member(number, int(pid), kind)]


def _namespace() -> str:
    try:
        return str(_NAMESPACE.readlink())
    except OSError:
        return "-"
