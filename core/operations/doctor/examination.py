"""Runs checks, each in bounded time, and collects what they find."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from core.operations.errors import OperationFailed

LONGEST = timedelta(seconds=10)
"""How long one check may take."""


class State(StrEnum):
    """How a thing is: well, worth a look, or wrong."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of one thing.

    Attributes:
        detail: One sentence.
        remedy: What to do; empty where all is well.
    """

    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found.

    Attributes:
        check: Its name.
        seconds: How long it took.
    """

    check: str
    finding: Finding
    seconds: float


Look = Callable[[], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes:
        needs: Names of checks that must not have failed, or it is not worth a look.
    """

    name: str
    look: Look
    needs: tuple[str, ...] = ()


def ok(detail: str) -> Finding:
    """All is well."""
    return Finding(State.OK, detail)


def warning(detail: str, remedy: str) -> Finding:
    """It works, and yet deserves a look."""
    return Finding(State.WARNING, detail, remedy)


def failed(detail: str, remedy: str) -> Finding:
    """It is wrong."""
    return Finding(State.FAILED, detail, remedy)


def examine(checks: Sequence[Check], *, longest: timedelta = LONGEST) -> list[Result]:
    """Runs checks in order, each in a thread that is given up after ``longest``.

    A check that stands on a failed one is left out: it would say the same again.
    """
    results: list[Result] = []
    broken: set[str] = set()
    for check in checks:
        if broken & set(check.needs):
            continue
        began = time.monotonic()
        finding = _looked(check, longest)
        results.append(Result(check.name, finding, time.monotonic() - began))
        if finding.state is State.FAILED:
            broken.add(check.name)
    return results


def _looked(check: Check, longest: timedelta) -> Finding:
    found: list[Finding] = []

    def look() -> None:
        try:
            found.append(check.look())
        except OperationFailed as error:
            found.append(failed(str(error), "See above."))
        except Exception as error:  # noqa: BLE001 — whatever it is, it is a finding
            words = str(error).strip().splitlines() or [""]
            found.append(
                failed(
                    f"It cannot be looked at: {type(error).__name__} {words[0]}.",
                    "Mend what the message names, then look again.",
                )
            )

    thread = threading.Thread(target=look, name=f"check-{check.name}", daemon=True)
    thread.start()
    thread.join(longest.total_seconds())
    if found:
        return found[0]
    return failed(
        f"No answer within {longest.total_seconds():.0f} s.",
        "Look whether what it speaks to runs and can be reached.",
    )
