"""What the trial of growth makes of what it measures."""

from pathlib import Path

import pytest

from benchmarks.growth.axes import AXES, lists_of
from benchmarks.growth.caller import STRETCHES, Cost, best_of
from benchmarks.growth.figures import Figures


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    """Of a list that grows by the half, give or take a tenth, and one that does not."""
    found = Figures(tmp_path / "figures.json")
    for size, app, stretches in ((1, 2.0, [3, 2.9, 3.1]), (10, 3.5, [4.4, 4.5, 4.6])):
        grown = {"app": app, "db": 1.0, "pace_us": 500.0, "stretches": stretches}
        flat = {"app": 1.0, "db": 1.0, "pace_us": 400.0, "stretches": [2.0, 2.0]}
        found.note("axes", "gyms", size, {"list": grown, "read": flat})
    return found


def test_growth_is_told_with_its_spread(figures: Figures) -> None:
    growth = figures.growth("gyms")
    assert str(growth["list"]) == "1.50 (1.42-1.59)"
    assert str(growth["read"]) == "1.00 (1.00-1.00)"
    assert list(figures.growing("gyms", 1.2)) == ["list grows 1.50 (1.42-1.59) times"]
    assert list(figures.growing("gyms", 1.5)) == []


def test_a_figure_without_stretches_has_no_spread(figures: Figures) -> None:
    for size, app in ((1, 1.0), (10, 2.0)):
        cost = {"app": app, "db": 0.0, "pace_us": 500.0}
        figures.note("axes", "gyms", size, {"list": cost})
    assert str(figures.growth("gyms")["list"]) == "2.00 (2.00-2.00)"


def test_all_figures_are_of_the_machine_at_its_best(figures: Figures) -> None:
    assert figures.table("gyms").splitlines() == [
        "work            1           10        last/first",
        "list    800 + 400  1,400 + 400  1.50 (1.42-1.59)",
        "read    400 + 400    400 + 400  1.00 (1.00-1.00)",
    ]


def test_figures_outlive_a_trial_that_is_stopped(figures: Figures) -> None:
    path: Path = vars(figures)["_path"]
    later = Figures(path)
    assert later.table("gyms") == figures.table("gyms")
    later.forget("axes", "gyms")
    later.forget("axes", "sessions")
    later.note("on", "today")
    assert Figures(path).axes == []


def test_the_cost_is_what_a_tenth_of_the_rounds_undercut() -> None:
    rounds = [Cost(float(n), 2.0 * n, 500.0 + n, 7) for n in range(1, 101)]
    best = best_of(rounds)
    assert (best.app, best.db, best.pace_us, best.bytes) == (10.0, 20.0, 501.0, 7)
    assert best.stretches == (6.0, 66.0, 126.0, 186.0, 246.0)
    assert len(best.stretches) == STRETCHES


def test_one_round_is_one_stretch() -> None:
    assert best_of([Cost(1.0, 2.0, 500.0, 7)]).stretches == (3.0,)


def test_an_axis_goes_as_far_as_it_is_told_to() -> None:
    gyms = AXES["gyms"]
    assert gyms.sizes(largest=None, only=()) == [10, 100, 1_000, 10_000]
    assert gyms.sizes(largest=1_000, only=()) == [10, 100, 1_000]
    assert gyms.sizes(largest=1_000, only=(100, 10_000)) == [100]


def test_lists_are_asked_for_in_a_step_of_sessions() -> None:
    steps = {step.home: step for step in AXES["sessions"].steps}
    for largest, size in (
        (None, 1_000_000),
        (20_000_000, 1_000_000),
        (100_000, 100_000),
    ):
        home, scale = lists_of(largest)
        assert (steps[home].size, steps[home].scale) == (size, scale)
