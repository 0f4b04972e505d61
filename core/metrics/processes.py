"""CPU time and memory of the processes that count together; Linux only.

A scrape is answered by one process, and reads of the others what the kernel tells.
The client library has such figures too, for a single process only.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)

from core.metrics.sharing import Folder, Member

_PROC: Final = Path("/proc")
_LABELS: Final = ("process", "place")

# Fields of /proc/<pid>/stat behind the name (proc(5) counts from 1, and two before).
_USER, _SYSTEM, _MEMORY = 11, 12, 21


class _Usage(NamedTuple):
    """What a process has used: seconds of CPU, bytes of memory."""

    user: float
    system: float
    memory: float
    files: float


def families(folder: Folder | None) -> Iterator[Metric]:
    """The figures of every live process, or of this one where none are shared.

    A place is taken over by the process that comes after a dead one; its CPU time then
    begins at 0, which Prometheus takes for the restart that it is.
    """
    members = [Member(0, os.getpid(), "alone")] if folder is None else folder.members()
    found = [(member, _usage(member.pid)) for member in members]
    user = CounterMetricFamily(
        "process_cpu_user_seconds", "CPU time in user mode.", labels=_LABELS
    )
    system = CounterMetricFamily(
        "process_cpu_system_seconds", "CPU time in the kernel.", labels=_LABELS
    )
    memory = GaugeMetricFamily(
        "process_resident_memory_bytes", "Memory in use.", labels=_LABELS
    )
    files = GaugeMetricFamily("process_open_fds", "Open files.", labels=_LABELS)
    for member, usage in found:
        if usage is None:
            continue
        who = [member.kind, str(member.number)]
        user.add_metric(who, usage.user)
        system.add_metric(who, usage.system)
        memory.add_metric(who, usage.memory)
        files.add_metric(who, usage.files)
    return iter((user, system, memory, files))


def _usage(pid: int) -> _Usage | None:
    """None where there is no such process, or no /proc."""
    try:
        line = (_PROC / str(pid) / "stat").read_text("utf-8")
        files = len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208 — names suffice
    except OSError:
        return None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    fields = line.rpartition(")")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    return _Usage(
        user=int(fields[_USER]) / tick,
        system=int(fields[_SYSTEM]) / tick,
        memory=int(fields[_MEMORY]) * os.sysconf("SC_PAGE_SIZE"),
        files=files,
    )
