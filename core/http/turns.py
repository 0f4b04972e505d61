"""One request at a time works in a web process; the others wait out of its way.

Threads that compute at once take the interpreter from each other in the middle of their
work; with four of them a request costs half as much processor time again. A process has
several all the same, for what takes long without computing: a body that comes slowly, a
password's hash, an answer from outside. These are waited for off turn.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.db.unit import session_or_none

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _Holder(threading.local):
    """Whether this thread has the turn."""

    here = False


_turn = threading.Lock()
_holds = _Holder()


class Turns:
    """Calls an application for one request after the other.

    Args:
        app: What is called when it is a request's turn.
        exempt: Says which requests neither wait nor keep others waiting.
    """

    def __init__(
        self, app: "WSGIApplication", exempt: "Callable[[WSGIEnvironment], bool]"
    ) -> None:
        self._app = app
        self._exempt = exempt

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self._exempt(environ):
            return self._app(environ, start_response)
        with _turn:
            _holds.here = True
            try:
                return self._app(environ, start_response)
            finally:
                _holds.here = False


@contextmanager
def off_turn() -> Iterator[None]:
    """Lets other requests work while the block waits for something slow.

    Within a transaction the turn is kept: another request could take it and wait for a
    row that this one has locked, while this one waits for the turn.
    """
    if not _holds.here or session_or_none() is not None:
        yield
        return
    _holds.here = False
    _turn.release()
    try:
        yield
    finally:
        _turn.acquire()
        _holds.here = True
