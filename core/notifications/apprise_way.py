"""Text messages by Apprise: one address names the service, its account and sender.

Apprise answers with yes or no; why not stands in its log alone. That log names numbers,
so none of it is passed on, and what we want to know is read from it: the status that
the service answered with.
"""

import logging
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from typing_extensions import override

from core.integrations.sms import with_number
from core.notifications.errors import Deferred, Refused

_STATUS: Final = re.compile(r"error\s*=\s*([1-5][0-9]{2})\b")
_FAULTS_OF_OURS: Final = range(400, 500)
# Wrong credentials, too many at once, a moment's trouble: somebody or time mends these.
_MENDABLE: Final = frozenset({401, 402, 403, 407, 408, 409, 421, 423, 425, 429})


class AppriseTransport:
    """Services that take text messages, tried in order.

    Args:
        urls: Their addresses.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls

    def send(self, number: str, text: str) -> None:
        """Sends a text message; may be silent for as long as the services are.

        Raises:
            Refused: No service will ever take it.
            Deferred: None took it this time.
        """
        failures: list[Refused | Deferred] = []
        for url in self._urls:
            failure = _failure(url, number, text)
            if failure is None:
                return
            failures.append(failure)
        raise next((one for one in failures if isinstance(one, Deferred)), failures[-1])


def _failure(url: str, number: str, text: str) -> Refused | Deferred | None:
    """Sends by one service; None when it took the message."""
    with _log().heard() as said:
        try:
            service = _service(with_number(url, number))
            if service is None:  # the address may have been mended by the next attempt
                return Deferred("The text message service: its address is not valid.")
            taken = service.notify(body=text, title="")
        except Exception as error:  # noqa: BLE001 — each service has its own library
            name = type(error).__name__
            return Deferred(f"The text message service: {name}.")
    return None if taken else _why(said)


def _why(said: Sequence[str]) -> Refused | Deferred:
    found = [int(code) for line in said for code in _STATUS.findall(line)]
    if not found:
        return Deferred("The text message service did not take it.")
    final = found[-1] in _FAULTS_OF_OURS and found[-1] not in _MENDABLE
    kind = Refused if final else Deferred
    return kind(f"The text message service: {found[-1]}.")


def _service(url: str) -> Any:
    return _library().instantiate(url, suppress_exceptions=True)


@cache
def _library() -> Any:
    """Apprise, its services loaded.

    That takes most of a second, and few processes ever need it. One of its services
    asks for a module that Python is about to give up, and says so once.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise  # noqa: PLC0415

        Apprise.instantiate("json://localhost")
    return Apprise


class _Log(logging.Filter):
    """Hears Apprise's log, for the thread that is sending, and passes nothing on."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = threading.local()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        said = getattr(self._threads, "said", None)
        if said is not None:
            said.append(record.getMessage())
        return False

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """What is said in this thread within the block."""
        said: list[str] = []
        self._threads.said = said
        try:
            yield said
        finally:
            self._threads.said = None


@cache
def _log() -> _Log:
    # On the logger itself, as handlers and propagation are set anew with the settings.
    found, logger = _Log(), logging.getLogger("apprise")
    logger.addFilter(found)
    logger.setLevel(logging.WARNING)
    return found
