"""Declaring figures, and counting what has come to stay."""

import pytest

from core.db.commits import after_commit
from core.db.unit import session
from core.metrics import counter, handles, histogram
from core.metrics.handles import own_registry
from core.sdk.metrics import counter as plugin_counter
from core.testing.kit import TestGym

kilns = counter("probe_kilns_total", "Kilns.", ("size",))
pots = plugin_counter("probe_pots_total", "Pots.")


def value(name: str, **labels: str) -> float:
    return own_registry().get_sample_value(name, labels) or 0.0


def test_a_counter_counts_by_label() -> None:
    before = value("probe_kilns_total", size="big")
    kilns.inc("big")
    kilns.inc("big", by=2)
    kilns.inc("small")
    assert value("probe_kilns_total", size="big") == before + 3
    with pytest.raises(ValueError, match="has the labels"):
        kilns.inc("big", "red")


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("kilns", ()),
        ("Kilns_total", ()),
        ("probe_kilns_total", ()),
        ("probe_gyms_total", ("gym",)),
        ("probe_users_total", ("user_id",)),
        ("probe_paths_total", ("path",)),
        ("probe_odd_total", ("odd-one",)),
    ],
)
def test_names_and_labels_that_would_harm_are_refused(
    name: str, labels: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        counter(name, "No.", labels)


def test_series_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "MOST_SERIES", 2)
    wares = counter("probe_wares_total", "Wares.", ("ware",))
    for ware in ("cup", "jug", "vase", "bowl", "cup"):
        wares.inc(ware)
    assert value("probe_wares_total", ware="cup") == 2
    assert value("probe_wares_total", ware=handles.OVERFLOW) == 2
    assert value("probe_wares_total", ware="vase") == 0


def test_a_histogram_has_its_buckets() -> None:
    fired = histogram("probe_fired_seconds", "Firing.", buckets=(1, 2))
    fired.observe(1.5)
    assert value("probe_fired_seconds_bucket", le="1.0") == 0
    assert value("probe_fired_seconds_bucket", le="2.0") == 1


def test_a_plugin_counts_with_the_commit(gym: TestGym) -> None:
    before = value("probe_pots_total")
    with gym.unit():
        pots.inc()
        with session().begin_nested():
            pots.inc()
        assert value("probe_pots_total") == before
    assert value("probe_pots_total") == before + 2


def test_what_was_rolled_back_does_not_count(gym: TestGym) -> None:
    before = value("probe_pots_total")

    def count_and_fail() -> None:
        with gym.unit():
            pots.inc()
            raise LookupError

    with pytest.raises(LookupError):
        count_and_fail()
    assert value("probe_pots_total") == before


def test_outside_a_unit_of_work_it_is_done_at_once() -> None:
    done: list[int] = []
    after_commit(lambda: done.append(1))
    assert done == [1]
