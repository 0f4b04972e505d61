"""Counters of a plugin, shown with all others at ``/metrics``."""

from collections.abc import Sequence

from core import metrics
from core.db.commits import after_commit


class Counter:
    """Counts what became true: with the commit, and not when it was rolled back."""

    def __init__(self, counted: metrics.Counter) -> None:
        self._counted = counted

    def inc(self, *labels: str, by: float = 1) -> None:
        """Counts once, or ``by``, when the unit of work at hand commits."""
        after_commit(lambda: self._counted.inc(*labels, by=by))


def counter(name: str, summary: str, labels: Sequence[str] = ()) -> Counter:
    """Declares a counter at the top of a module.

    Args:
        name: Of the metric; it ends in ``_total`` and is unique in the installation.
        summary: What it counts, in a few words.
        labels: Names of its labels, each with few values. One for gyms or people is
            refused: every value is a series of its own.

    Raises:
        ValueError: The name or a label is refused.
    """
    return Counter(metrics.counter(name, summary, labels))


__all__ = ["Counter", "counter"]
