"""``make bench``: the trials that put figures to what the documents promise."""

import signal
import subprocess
import sys
from itertools import takewhile

TRIALS = (
    "requests",
    "auth_rules",
    "audit_tamper",
    "faults_jobs",
    "metrics_processes",
    "faults_fairness",
    "faults_postgres",
)

SLOW_TRIALS = ("growth",)
"""Those that take longer than five minutes: they run when they are named."""


def main(arguments: list[str]) -> int:
    """Runs the named trials, or all quick ones; returns 1 when one broke a promise.

    Args:
        arguments: Names of trials. From the first that begins with a dash on, they are
            handed to the one trial that is named.
    """
    names = list(takewhile(lambda one: not one.startswith("-"), arguments))
    options = arguments[len(names) :]
    if options and len(names) != 1:
        sys.stderr.write("Options are for one trial: name it before them.\n")
        return 2
    unknown = [name for name in names if name not in TRIALS + SLOW_TRIALS]
    if unknown:
        known = ", ".join(TRIALS + SLOW_TRIALS)
        sys.stderr.write(f"No such trial: {', '.join(unknown)}; there are {known}.\n")
        return 2
    broken = []
    for name in names or TRIALS:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", f"benchmarks.{name}", *options]
        if _run(command) != 0:
            broken.append(name)
    if broken:
        sys.stderr.write(f"A promise was broken in: {', '.join(broken)}.\n")
    return int(bool(broken))


def _run(command: list[str]) -> int:
    """Runs a trial; one that is stopped gets the time to end what it started."""
    process = subprocess.Popen(command)  # noqa: S603 — names of ours
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _stop(*_signal: object) -> None:
    sys.exit("Stopped.")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
