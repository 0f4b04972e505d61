"""In a web process one request works at a time."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from core.http.turns import Turns, off_turn
from core.testing.kit import TestGym

PATIENCE_S = 120


class Work:
    """An application that says when it is called, and returns when it is told."""

    def __init__(self, wait: Callable[[threading.Event], None]) -> None:
        self._wait = wait
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, _environ: Any, _start: Any) -> Iterable[bytes]:
        self.begun.release()
        self._wait(self.go_on)
        return [b"done"]


def _wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE_S)


def _wait_off_turn(event: threading.Event) -> None:
    with off_turn():
        _wait(event)


def _at_once(app: Turns, *environs: dict[str, Any]) -> list[threading.Thread]:
    threads = [
        threading.Thread(target=app, args=(environ, start)) for environ in environs
    ]
    for thread in threads:
        thread.start()
    return threads


def _end(work: Work, threads: list[threading.Thread]) -> None:
    work.go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def start(*_arguments: Any) -> Any:
    """Takes what an answer begins with."""


def never(_environ: Any) -> bool:
    return False


def test_the_second_begins_when_the_first_is_done() -> None:
    work = Work(_wait)
    threads = _at_once(Turns(work, never), {}, {})
    assert work.begun.acquire(timeout=PATIENCE_S)
    assert not work.begun.acquire(timeout=0.2)
    work.go_on.set()
    assert work.begun.acquire(timeout=PATIENCE_S)
    _end(work, threads)


def test_who_waits_off_turn_keeps_nobody_waiting() -> None:
    work = Work(_wait_off_turn)
    threads = _at_once(Turns(work, never), {}, {}, {})
    for _ in threads:
        assert work.begun.acquire(timeout=PATIENCE_S)
    _end(work, threads)


def test_a_transaction_keeps_the_turn(gym: TestGym) -> None:
    """Who got the turn could wait for its locks, and it for the turn."""

    def wait(event: threading.Event) -> None:
        with gym.unit():
            _wait_off_turn(event)

    work = Work(wait)
    threads = _at_once(Turns(work, never), {}, {})
    assert work.begun.acquire(timeout=PATIENCE_S)
    assert not work.begun.acquire(timeout=0.2)
    _end(work, threads)


def test_the_exempt_neither_wait_nor_keep_others_waiting() -> None:
    work = Work(_wait)
    app = Turns(work, lambda environ: "free" in environ)
    threads = _at_once(app, {"free": 1}, {"free": 2}, {})
    for _ in threads:
        assert work.begun.acquire(timeout=PATIENCE_S)
    _end(work, threads)


def test_an_error_gives_the_turn_back() -> None:
    def fails(_event: threading.Event) -> None:
        with off_turn():
            raise ValueError

    work = Work(fails)
    for _ in range(3):
        with pytest.raises(ValueError):  # noqa: PT011 — which of them does not matter
            Turns(work, never)({}, start)


def test_off_turn_means_nothing_to_who_has_none() -> None:
    with off_turn(), off_turn():
        pass
    test_the_second_begins_when_the_first_is_done()
