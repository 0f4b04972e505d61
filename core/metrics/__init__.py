"""Figures for Prometheus, counted in every process and read in any of them."""

from core.metrics.handles import Counter, Gauge, Histogram, counter, gauge, histogram
from core.metrics.sharing import share

__all__ = [
    "Counter",
    "Gauge",
    "Histogram",
    "counter",
    "gauge",
    "histogram",
    "share",
]
