"""Telling the web processes that the server is about to stop.

The mark lies in memory that forked processes share, so that the supervisor can set it
for all of them.
"""

from multiprocessing.sharedctypes import RawValue
from typing import Final

_stopping: Final = RawValue("b", 0)


def announce_stop() -> None:
    """Has every process of this server say that it is not ready any more."""
    _stopping.value = 1


def stop_announced() -> str | None:
    """The check of ``/ready``: None while the server stays."""
    return "The server is about to stop." if _stopping.value else None
