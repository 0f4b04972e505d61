"""Counters, gauges and histograms, declared once and made when first needed.

A figure of the client library decides where its values lie when it is made. These
handles are made at import, before the process knows its folder, so they make the
library's figures late, and again when ``share`` has changed the place. They also keep
the figures of known labels at hand, which is faster than the library's own look-up.
"""

import re
import threading
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

import prometheus_client as client
from typing_extensions import override

MOST_SERIES: Final = 5_000
"""Combinations of labels that one figure may have in a process."""

OVERFLOW: Final = "(other)"
"""Stands for every label value of a combination beyond ``MOST_SERIES``."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
# A series for each gym, person or row would be as many as there are of them.
_UNBOUNDED: Final = re.compile(r"(^|_)(id|ids|gym|tenant|slug|user|email|path)$")

Made = TypeVar("Made")

_lock = threading.RLock()
_handles: dict[str, "_Handle[Any]"] = {}
_place: dict[str, client.CollectorRegistry] = {"registry": client.CollectorRegistry()}

client.disable_created_metrics()  # type: ignore[no-untyped-call]


class _Handle(Generic[Made]):
    """A figure that the process may have."""

    kind: ClassVar[type[Any]]

    def __init__(self, name: str, summary: str, labels: Sequence[str]) -> None:
        self.name = name
        self.summary = summary
        self.labels = tuple(labels)
        self._whole: Any = None
        self._children: dict[tuple[str, ...], Made] = {}

    def make(self) -> Any:
        """Makes the library's figure, so that it is shown before it first moves."""
        with _lock:
            if self._whole is None:
                self._whole = self._built(_place["registry"])
                if not self.labels:
                    self._children[()] = self._whole
            return self._whole

    def forget(self) -> None:
        """Drops the library's figure; the next use makes another one."""
        self._whole = None
        self._children = {}

    def _built(self, registry: client.CollectorRegistry) -> Any:
        return self.kind(self.name, self.summary, self.labels, registry=registry)

    def _of(self, values: tuple[str, ...]) -> Made:
        child = self._children.get(values)
        return child if child is not None else self._made(values)

    def _made(self, values: tuple[str, ...]) -> Made:
        with _lock:
            whole = self.make()
            if values not in self._children:
                if len(values) != len(self.labels):
                    raise ValueError(f"{self.name} has the labels {self.labels}.")
                if len(self._children) >= MOST_SERIES:
                    values = (OVERFLOW,) * len(values)
                self._children[values] = whole.labels(*values)
            return self._children[values]


class Counter(_Handle[client.Counter]):
    """Counts what happened; it never goes down."""

    kind = client.Counter

    def inc(self, *labels: str, by: float = 1) -> None:
        """Counts once, or ``by``, under the values of its labels."""
        self._of(labels).inc(by)


class Gauge(_Handle[client.Gauge]):
    """A level that goes up and down; of several processes the sum or the highest.

    Args:
        name: Of the metric.
        summary: What it says.
        labels: Names of its labels.
        highest: Show the highest of the live processes, not their sum.
    """

    kind = client.Gauge

    def __init__(
        self, name: str, summary: str, labels: Sequence[str], *, highest: bool
    ) -> None:
        super().__init__(name, summary, labels)
        self._mode = "livemax" if highest else "livesum"

    @override
    def _built(self, registry: client.CollectorRegistry) -> Any:
        return client.Gauge(
            self.name,
            self.summary,
            self.labels,
            registry=registry,
            multiprocess_mode=self._mode,  # type: ignore[arg-type]
        )

    def set(self, value: float, *labels: str) -> None:
        """Sets the level of this process."""
        self._of(labels).set(value)

    def add(self, change: float, *labels: str) -> None:
        """Moves the level of this process up, or down by a negative change."""
        self._of(labels).inc(change)


class Histogram(_Handle[client.Histogram]):
    """Counts values by size.

    Args:
        name: Of the metric.
        summary: What it says.
        labels: Names of its labels.
        buckets: Upper bounds.
    """

    kind = client.Histogram

    def __init__(
        self, name: str, summary: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> None:
        super().__init__(name, summary, labels)
        self._buckets = tuple(buckets)

    @override
    def _built(self, registry: client.CollectorRegistry) -> Any:
        return client.Histogram(
            self.name,
            self.summary,
            self.labels,
            registry=registry,
            buckets=self._buckets,
        )

    def observe(self, value: float, *labels: str) -> None:
        """Counts a value."""
        self._of(labels).observe(value)


Handle = TypeVar("Handle", bound=_Handle[Any])


def counter(name: str, summary: str, labels: Sequence[str] = ()) -> Counter:
    """Declares a counter; its name ends in ``_total``.

    Args:
        name: Of the metric, unique in the installation.
        summary: What it counts, in a few words.
        labels: Names of its labels. Each may have few values: a label for gyms,
            people or rows is refused, because each value is a series of its own.

    Raises:
        ValueError: The name or a label is refused, or the name means another metric.
    """
    if not name.endswith("_total"):
        raise ValueError(f"{name}: the name of a counter ends in _total.")
    return _declared(Counter(name, summary, labels))


def gauge(
    name: str, summary: str, labels: Sequence[str] = (), *, highest: bool = False
) -> Gauge:
    """Declares a gauge; see ``Gauge`` and ``counter``."""
    return _declared(Gauge(name, summary, labels, highest=highest))


def histogram(
    name: str, summary: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
) -> Histogram:
    """Declares a histogram; see ``Histogram`` and ``counter``."""
    return _declared(Histogram(name, summary, labels, buckets))


def make_all() -> None:
    """Makes every declared figure, so that those without labels begin at 0."""
    for handle in list(_handles.values()):
        handle.make()


def begin_anew() -> None:
    """Drops every figure of this process; what is counted next is made anew."""
    with _lock:
        _place["registry"] = client.CollectorRegistry()
        for handle in _handles.values():
            handle.forget()


def own_registry() -> client.CollectorRegistry:
    """The figures of this process alone."""
    return _place["registry"]


def _declared(handle: Handle) -> Handle:
    refused = [name for name in handle.labels if _UNBOUNDED.search(name)]
    if refused:
        raise ValueError(f"{handle.name}: a label {refused[0]!r} has no end of values.")
    for name in (handle.name, *handle.labels):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a metric or label.")
    with _lock:
        if handle.name in _handles:
            raise ValueError(f"There is a metric {handle.name} already.")
        _handles[handle.name] = handle
    return handle
