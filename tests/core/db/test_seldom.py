"""Log lines that come once in a while."""

from concurrent.futures import ThreadPoolExecutor

from core.db.seldom import Seldom


def test_one_passes_in_each_stretch_of_time() -> None:
    now = 0.0
    seldom = Seldom(10, clock=lambda: now)
    passed = []
    for second in range(25):
        now = float(second)
        if seldom.passes():
            passed.append(second)
    assert passed == [0, 10, 20]


def test_threads_share_it() -> None:
    seldom = Seldom(10, clock=lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: seldom.passes(), range(200))) == 1
