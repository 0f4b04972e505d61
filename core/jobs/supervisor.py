"""``palestra worker``: keeps the relay and the worker processes alive.

Dramatiq's own main process ends with the first child that is killed; this one starts
the child again, after a pause that grows while it keeps dying.
"""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType

import structlog

from core.jobs.worker import GRACE_S

_LOOK_S = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_SETTLED_S = 60.0
_KILL_AFTER_S = GRACE_S + 10

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Child:
    """A process to keep alive.

    Attributes:
        failures: Deaths in a row; a child that lived a minute begins anew.
        not_before: On the monotonic clock, when it may be started again.
    """

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = 0.0

    def look(self) -> None:
        """Starts the process when it does not run and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self._bury(code, now)
        if now >= self.not_before:
            # A child in our own session would get Ctrl-C twice.
            self.process = subprocess.Popen(  # noqa: S603 — our own command line
                self.command, start_new_session=True
            )
            self.started = now
            log.info("worker.started", child=self.name, pid=self.process.pid)

    def _bury(self, code: int, now: float) -> None:
        self.failures = 1 if now - self.started > _SETTLED_S else self.failures + 1
        pause = min(_FIRST_PAUSE_S * 2 ** (self.failures - 1), _LONGEST_PAUSE_S)
        self.not_before = now + pause
        self.process = None
        log.error("worker.died", child=self.name, code=code, restart_in_s=pause)


class Supervisor:
    """Runs commands as child processes and starts again those that end.

    Args:
        commands: Name → command line.
        kill_after_s: How long children have to stop before they are killed.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        kill_after_s: float = _KILL_AFTER_S,
    ) -> None:
        self._children = [_Child(name, command) for name, command in commands.items()]
        self._kill_after_s = kill_after_s
        # An event would not do: a signal may interrupt whoever holds its lock.
        self._told: SimpleQueue[None] = SimpleQueue()

    @property
    def pids(self) -> dict[str, int]:
        """The running children's process ids by name."""
        return {
            child.name: child.process.pid
            for child in self._children
            if child.process is not None and child.process.poll() is None
        }

    def run(self) -> None:
        """Runs until SIGTERM or SIGINT, then stops the children."""
        signal.signal(signal.SIGTERM, self._asked)
        signal.signal(signal.SIGINT, self._asked)
        self.supervise()

    def supervise(self) -> None:
        """Runs until ``stop`` is called from another thread."""
        try:
            self._look_after_children()
        finally:
            self._end_children()

    def _look_after_children(self) -> None:
        while self._told.empty():
            for child in self._children:
                child.look()
            with suppress(Empty):
                self._told.get(timeout=_LOOK_S)
                return

    def stop(self) -> None:
        """Makes ``supervise`` stop the children and return."""
        self._told.put(None)

    def _asked(self, _signal: int, _frame: FrameType | None) -> None:
        self.stop()

    def _end_children(self) -> None:
        running = [child.process for child in self._children if child.process]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + self._kill_after_s
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in running:
            if process.poll() is None:
                log.error("worker.killed", pid=process.pid)
                process.kill()
                process.wait()
