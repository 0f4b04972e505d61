"""The gyms that a process keeps: which ones, under which names, and at what cost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from core.context import Gym
from core.plugin import gyms
from core.plugin.gyms import GymCache
from tests.performance.counting import calls_of

SESSION = cast("Any", None)
BASE = "gyms.example"


class Registry:
    """Gyms by number, each with a slug of its own, and a note of who asked.

    Attributes:
        moved: Slug → number of the gym it leads to, where that is another.
        asked: The slugs that were looked up.
        loaded: The numbers of the gyms that were read.
    """

    def __init__(self, many: int) -> None:
        self.many = many
        self.moved: dict[str, int] = {}
        self.asked: list[str] = []
        self.loaded: list[int] = []

    @contextmanager
    def open(self, _tenant_id: UUID | None) -> Iterator[None]:
        yield None

    def find(self, _session: None, *, slug: str, host: str | None) -> UUID | None:
        assert host is None
        self.asked.append(slug)
        number = self.moved.get(slug, int(slug.removeprefix("gym-")))
        return UUID(int=number) if number < self.many else None

    def load(self, _session: None, tenant_id: UUID) -> Gym | None:
        number = tenant_id.int
        self.loaded.append(number)
        if number >= self.many:
            return None
        slugs = [slug for slug, owner in self.moved.items() if owner == number]
        return Gym(
            tenant_id, slugs[0] if slugs else f"gym-{number}", "Gym", "active",
            "UTC", "en", "EUR", version=1 + len(self.moved),
        )  # fmt: skip

    def cache(self) -> GymCache:
        return GymCache(cast("Any", self), cast("Any", self), BASE)


def asked_for(slug: str) -> Request:
    return Request(EnvironBuilder(base_url=f"http://{slug}.{BASE}/").get_environ())


def names_of_gyms(cache: GymCache) -> dict[tuple[str, str], UUID]:
    """The names that lead to a gym, which must be those that are noted of it."""
    known, kept = vars(cache)["_known"], vars(cache)["_kept"]
    assert known == {name: owner for owner, one in kept.items() for name in one.names}
    return cast("dict[tuple[str, str], UUID]", known)


def visit(cache: GymCache, number: int, version: int = 1) -> Gym | None:
    tenant_id = cache.resolve(asked_for(f"gym-{number}"))
    if tenant_id is None:
        return None
    return cache.at_version(SESSION, tenant_id, version)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gyms, "_MAX_GYMS", 3)


@pytest.mark.usefixtures("three")
def test_the_gym_asked_for_longest_ago_goes_and_no_other() -> None:
    registry = Registry(10)
    cache = registry.cache()
    for number in (1, 2, 3, 1, 4):
        visit(cache, number)
    registry.asked.clear()
    registry.loaded.clear()
    for number in (1, 3, 4):
        visit(cache, number)
    assert (registry.asked, registry.loaded) == ([], [])
    assert cache.last_known(asked_for("gym-2")) is None
    visit(cache, 2)
    assert (registry.asked, registry.loaded) == (["gym-2"], [2])


def test_a_newer_version_is_read_and_the_same_is_not() -> None:
    registry = Registry(10)
    cache = registry.cache()
    for _ in range(3):
        visit(cache, 1)
    assert registry.loaded == [1]
    registry.moved["other"] = 9
    found = visit(cache, 1, version=2)
    assert found is not None
    assert (found.version, registry.loaded) == (2, [1, 1])


def test_a_name_that_a_gym_gave_up_leads_there_no_more() -> None:
    registry = Registry(10)
    cache = registry.cache()
    visit(cache, 1)
    registry.moved = {"gym-100": 1, "gym-1": 2}
    cache.at_version(SESSION, UUID(int=1), 3)
    assert cache.resolve(asked_for("gym-1")) == UUID(int=2)
    assert cache.resolve(asked_for("gym-100")) == UUID(int=1)


def test_a_gym_that_is_gone_takes_only_its_own_names_along() -> None:
    registry = Registry(10)
    cache = registry.cache()
    visit(cache, 1)
    visit(cache, 2)
    assert cache.at_version(SESSION, UUID(int=1), None) is None
    registry.asked.clear()
    visit(cache, 1)
    visit(cache, 2)
    assert registry.asked == ["gym-1"]


def test_a_name_of_two_gyms_outlives_the_one_that_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = Registry(10)
    cache = registry.cache()
    find = registry.find

    def overtaken(session: None, *, slug: str, host: str | None) -> UUID | None:
        """Another thread finds the gym that the name led to just before."""
        monkeypatch.setattr(registry, "find", find)
        cache.resolve(asked_for("gym-1"))
        registry.moved["gym-1"] = 2
        return find(session, slug=slug, host=host)

    monkeypatch.setattr(registry, "find", overtaken)
    assert cache.resolve(asked_for("gym-1")) == UUID(int=2)
    cache.at_version(SESSION, UUID(int=1), None)
    registry.asked.clear()
    assert cache.resolve(asked_for("gym-1")) == UUID(int=2)
    assert registry.asked == []


def test_a_stray_name_is_not_looked_up_twice_and_drives_out_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gyms, "_MAX_STRAYS", 2)
    registry = Registry(1)
    cache = registry.cache()
    for number in (7, 8, 7, 8, 9, 9, 8, 7):
        assert visit(cache, number) is None
    assert registry.asked == ["gym-7", "gym-8", "gym-9", "gym-7"]


def test_forgetting_costs_as_much_however_many_there_are() -> None:
    def cost(many: int) -> int:
        registry = Registry(many)
        cache = registry.cache()
        for number in range(many):
            visit(cache, number)
        return calls_of(lambda: cache.at_version(SESSION, UUID(int=3), None))

    # A dict may compare two keys whose hashes are close; that is all.
    assert cost(5_000) <= cost(10) + 5


def test_gyms_in_turn_cost_the_same_when_they_do_not_all_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gyms, "_MAX_GYMS", 1_000)
    cache = Registry(3_000).cache()

    def cost(first: int) -> list[int]:
        return [
            calls_of(lambda number=number: visit(cache, number))  # type: ignore[misc]
            for number in range(first, first + 5)
        ]

    with_room = cost(0)
    for number in range(5, 2_000):
        visit(cache, number)
    # Each of these is new, and drives out another one with its name.
    assert max(cost(2_000)) <= min(with_room) + 10
    assert len(names_of_gyms(cache)) == 1_000


@pytest.mark.usefixtures("three")
def test_threads_get_the_gym_they_asked_for() -> None:
    registry = Registry(8)
    cache = registry.cache()

    def work(thread: int) -> None:
        for turn in range(400):
            number = (turn * (thread + 1)) % 8
            found = visit(cache, number)
            assert found is not None
            assert found.id == UUID(int=number)
            if turn % 5 == thread:
                cache.at_version(SESSION, UUID(int=number), None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(names_of_gyms(cache)) <= 3
