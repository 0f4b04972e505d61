"""What each role may do, and whose rows it reaches."""

from typing import Final

SESSIONS_READ: Final = "scheduling.sessions.read"
SESSIONS_CREATE: Final = "scheduling.sessions.create"
SESSIONS_UPDATE: Final = "scheduling.sessions.update"
SESSIONS_MANAGE: Final = "scheduling.sessions.manage"
SESSIONS_OVERRIDE: Final = "scheduling.sessions.override"
PASSES_REDEEM: Final = "passes.passes.redeem"
PASSES_MANAGE: Final = "passes.passes.manage"
AUDITS_READ: Final = "audits.entry.read"

_CLIENT = frozenset({SESSIONS_READ, SESSIONS_CREATE, SESSIONS_UPDATE, PASSES_REDEEM})
_COACH = _CLIENT | {SESSIONS_MANAGE}
_TEAM = _COACH | {SESSIONS_OVERRIDE, PASSES_MANAGE}

PERMISSIONS: Final = {
    "admin": _TEAM | {AUDITS_READ},
    "team": _TEAM,
    "coach": _COACH,
    "client": _CLIENT,
    "partner": frozenset({SESSIONS_READ}),
}

WHOLE_GYM: Final = frozenset({"admin", "team"})
"""Roles that reach every row; a client reaches its own, the others those granted."""

OWN_ROWS: Final = "client"


def may(role: str, permission: str) -> bool:
    """Says whether a role holds a permission."""
    return permission in PERMISSIONS.get(role, frozenset())
