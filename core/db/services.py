"""Services of an installation, found by the connection a unit of work runs on.

That connection is what every request, job and command of an installation has; so code
inside a unit of work reaches a mail server or an object store without being handed it,
and two installations in one process never meet.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from core.db.unit import session

T = TypeVar("T")

_OPTION = "palestra_services"


class Services:
    """What units of work share besides the database, each made at first need."""

    def __init__(self) -> None:
        self._makers: dict[type, Callable[[], Any]] = {}
        self._made: dict[type, Any] = {}
        self._lock = threading.RLock()

    def offer(self, kind: type[T], make: Callable[[], T]) -> None:
        """Says how a service is made; it is found by its class."""
        self._makers[kind] = make

    def get(self, kind: type[T]) -> T:
        """The service of a class, made now if it has not been.

        Raises:
            LookupError: Nobody offers one.
        """
        with self._lock:
            if kind not in self._made:
                if kind not in self._makers:
                    raise LookupError(f"This installation has no {kind.__name__}.")
                self._made[kind] = self._makers[kind]()
            return cast("T", self._made[kind])

    def put(self, kind: type[T], made: T) -> None:
        """Makes ``made`` the service of a class, whatever was before."""
        with self._lock:
            self._made[kind] = made

    def serve(self, *engines: Engine) -> None:
        """Offers them to every unit of work on these engines."""
        for engine in engines:
            engine.update_execution_options(**{_OPTION: self})


def service(kind: type[T]) -> T:
    """The service of a class, of this unit of work's installation.

    Raises:
        LookupError: No unit of work is open, or nobody offers such a service.
    """
    options = session().engine.get_execution_options()
    offered: Services = options.get(_OPTION) or Services()
    return offered.get(kind)
