"""What a process asks of its surroundings when it starts."""

import ctypes
import signal
import sys

import click

from core.app import Installation
from core.operations.waiting import wait_for_database

_SET_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""


def await_database(installation: Installation) -> None:
    """Waits for a database that starts later than we do; the embedded one cannot.

    Raises:
        OperationFailed: It never came.
    """
    settings = installation.settings.database
    if settings.url is None:
        return
    _scheme, _, rest = settings.url.partition("://")
    wait_for_database(
        f"postgresql://{rest}",
        longest=settings.wait,
        say=lambda line: click.echo(f"palestra: {line}", err=True),
    )


def end_with_parent() -> None:
    """Has the kernel stop this process when its parent dies; Linux only.

    Elsewhere a child notices when its connections or its port are taken away.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
