"""All SQL of scheduling: opening hours, and sessions."""

from plugins.scheduling.repository.availability import (
    Hours,
    HoursRepository,
    OverrideRepository,
    RulesRepository,
    WindowRepository,
)
from plugins.scheduling.repository.sessions import SessionFilter, SessionRepository

__all__ = [
    "Hours",
    "HoursRepository",
    "OverrideRepository",
    "RulesRepository",
    "SessionFilter",
    "SessionRepository",
    "WindowRepository",
]
