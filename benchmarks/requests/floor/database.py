"""One connection for each thread, and the transactions on it."""

from benchmarks.requests.floor.connecting import Row
from benchmarks.requests.floor.settings import IN_FLIGHTS

if IN_FLIGHTS:
    from benchmarks.requests.floor.flights import (
        begin,
        changed,
        commit,
        leave,
        rollback,
        row,
        rows,
        run,
    )
else:
    from benchmarks.requests.floor.plain import (
        begin,
        changed,
        commit,
        leave,
        rollback,
        row,
        rows,
        run,
    )

__all__ = [
    "Row",
    "begin",
    "changed",
    "commit",
    "leave",
    "rollback",
    "row",
    "rows",
    "run",
]
