"""What a scrape gets: the counted figures, the processes, and what has to be asked."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from core.metrics import handles, processes
from core.metrics.sharing import shared_folder

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""Media type of what ``Exposition.render`` gives."""

Level = tuple[Sequence[str], float]
"""Values of the labels, and the figure under them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A gauge that is worked out when it is scraped.

    Attributes:
        labels: Names of its labels.
        levels: A figure for each combination of their values.
    """

    name: str
    summary: str
    levels: Iterable[Level]
    labels: Sequence[str] = ()

    def family(self) -> Metric:
        """The gauge in the client library's form."""
        family = GaugeMetricFamily(self.name, self.summary, labels=self.labels)
        for values, figure in self.levels:
            family.add_metric(list(values), figure)
        return family


class Source:
    """Figures that cost a query, asked for at most now and then.

    The question runs in a thread of its own, and a scrape waits for it briefly: when
    the database hangs, all other figures are still shown.

    Args:
        ask: Gives the figures.
        every_s: Seconds for which an answer counts.
        wait_s: Seconds that a scrape waits for a new one.
    """

    def __init__(
        self,
        ask: Callable[[], Sequence[Asked]],
        *,
        every_s: float = 5.0,
        wait_s: float = 2.0,
    ) -> None:
        self._ask = ask
        self._every_s = every_s
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._answer: Sequence[Asked] = ()
        self._answered_at = float("-inf")

    def answer(self) -> Sequence[Asked] | None:
        """The figures; None when there are none that still count."""
        with self._lock:
            if self._counts():
                return self._answer
            asking = self._asking
            if asking is None or not asking.is_alive():
                asking = threading.Thread(
                    target=self._run, name="metrics-source", daemon=True
                )
                self._asking = asking
                asking.start()
        asking.join(self._wait_s)
        return self._answer if self._counts() else None

    def _counts(self) -> bool:
        return time.monotonic() - self._answered_at <= self._every_s

    def _run(self) -> None:
        answer = self._ask()
        self._answer, self._answered_at = answer, time.monotonic()


class Exposition(Collector):
    """Everything that this installation shows.

    Args:
        facts: Labels of ``palestra_build_info``.
        sources: By name, what is asked at each scrape.
    """

    def __init__(self, facts: Mapping[str, str], sources: Mapping[str, Source]) -> None:
        self._facts = dict(facts)
        self._sources = dict(sources)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """Everything in Prometheus' text form."""
        return generate_latest(self._registry)

    @override
    def collect(self) -> Iterator[Metric]:
        """Gives the families one after the other."""
        folder = shared_folder()
        if folder is None:
            handles.make_all()
            yield from handles.own_registry().collect()
        else:
            yield from _added_up(folder.files())
        yield from processes.families(folder)
        yield Asked(
            "palestra_build_info",
            "Version of the platform and of Python.",
            [(tuple(self._facts.values()), 1)],
            tuple(self._facts),
        ).family()
        yield from self._asked()

    def describe(self) -> Iterator[Metric]:
        """Names nothing in advance, so that registering collects nothing."""
        return iter(())

    def _asked(self) -> Iterator[Metric]:
        well: list[Level] = []
        for name, source in self._sources.items():
            answer = source.answer()
            well.append(((name,), float(answer is not None)))
            yield from (asked.family() for asked in answer or ())
        yield Asked(
            "palestra_source_up",
            "Whether what is asked at a scrape was answered in time.",
            well,
            ("source",),
        ).family()


def _added_up(files: Sequence[str]) -> list[Metric]:
    """The figures of all processes, by name."""
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return sorted(merged, key=lambda family: family.name)
