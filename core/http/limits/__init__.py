"""Rate limits: of an address, of a caller in a gym, and of a whole gym."""

from core.http.limits.counters import Counter, MemoryCounter, SharedCounter
from core.http.limits.gate import RateLimits
from core.http.limits.rates import Allowance, Rate, Standing

__all__ = [
    "Allowance",
    "Counter",
    "MemoryCounter",
    "Rate",
    "RateLimits",
    "SharedCounter",
    "Standing",
]
