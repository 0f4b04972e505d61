"""How long the processes take to start, and what memory they hold."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.requests.access import log_in
from benchmarks.requests.contenders import (
    ROOT,
    NotStarted,
    Plan,
    cpu_of_tree,
    own_redis,
    running,
    stat_fields,
)
from benchmarks.requests.data import Facts, Site, facts, settings_of
from benchmarks.requests.load import Planned, closed_loop
from benchmarks.requests.works import MIX, Access, spread

_QUIET_S: Final = 1.5
_PATIENCE_S: Final = 120.0
_GRACE_S: Final = 15.0
_WARM_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process, in MiB; in ``pss`` pages that are shared count in parts."""

    name: str
    rss: float
    pss: float


def measure(place: Site) -> Mapping[str, str]:
    """Starts web processes and workers, one after the other."""
    found = {}
    with own_redis(place.home) as redis_url:
        plan = Plan(place, Path(sys.executable), redis_url)
        began = time.monotonic()
        with running("palestra", plan) as server:
            took, cpu = time.monotonic() - began, server.cpu_s()
            found["palestra serve"] = f"ready in {took:.1f} s, {cpu:.1f} s of processor"
            found["web, started"] = _memory(server.pid)
            _work(server.port, facts(place))
            found["web, after some load"] = _memory(server.pid)
        began = time.monotonic()
        with _worker(place, redis_url) as pid:
            cpu = _settle(pid)
            took = time.monotonic() - began - _QUIET_S
            found["palestra worker"] = (
                f"at rest in {took:.1f} s, {cpu:.1f} s of processor"
            )
            found["worker, started"] = _memory(pid)
    return found


def _work(port: int, known: Facts) -> None:
    """A few seconds of what people do, but for what must be fresh each time."""
    access = Access(log_in(port, known))
    plain = {work: share for work, share in MIX.items() if not work.is_fresh}

    def requests() -> Iterator[Planned]:
        for number, work in enumerate(spread(plain)):
            yield Planned(work.name, work.request(known, access, number), work.status)

    closed_loop(port, requests(), connections=8, seconds=_WARM_S)


@contextmanager
def _worker(place: Site, redis_url: str) -> Iterator[int]:
    environment = {
        "PATH": os.defpath,
        "HOME": str(place.home),
        "LANG": "C.UTF-8",
        **settings_of(place.home, place.urls),
        "PALESTRA_ENV": "production",
        "PALESTRA_BASE_DOMAIN": "gyms.example",
        "PALESTRA_PUBLIC_URL": "https://gyms.example",
        "REDIS_URL": redis_url,
        "SMTP_URL": "smtp://127.0.0.1:9",
        "PALESTRA_LOG_LEVEL": "error",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "core.cli", "worker"], cwd=ROOT, env=environment
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settle(pid: int) -> float:
    """Waits until a process and its children rest; gives what they used till then.

    Raises:
        NotStarted: They do not.
    """
    deadline = time.monotonic() + _PATIENCE_S
    used = -1.0
    while time.monotonic() < deadline:
        now = cpu_of_tree(pid)
        # A relay that waits still wakes up a few times a second.
        if used > 0 and now - used < 0.1 * _QUIET_S:
            return now
        used = now
        time.sleep(_QUIET_S)
    raise NotStarted("The worker does not come to rest.")


def _memory(root: int) -> str:
    return ", ".join(
        f"{one.name} {one.rss:.0f} MiB ({one.pss:.0f} shared out)"
        for one in _tree(root)
    )


def _tree(root: int) -> Iterator[Memory]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            # A process may end while we look.
            with suppress(OSError):
                fields = stat_fields((entry / "stat").read_text())
                parents[int(entry.name)] = int(fields[1])
    level = {root}
    while level:
        for pid in sorted(level):
            yield _memory_of(pid, first=pid == root)
        level = {pid for pid, parent in parents.items() if parent in level}


def _memory_of(pid: int, *, first: bool) -> Memory:
    place = Path(f"/proc/{pid}")
    told = dict(
        line.split(":", 1)
        for line in (place / "smaps_rollup").read_text().splitlines()[1:]
    )
    words = (place / "cmdline").read_text().split("\0")
    part = words[words.index("--part") + 1] if "--part" in words else "process"
    name = "supervisor" if first else part
    rss, pss = (int(told[key].split()[0]) / 1024 for key in ("Rss", "Pss"))
    return Memory(name, rss, pss)
