"""Names on the wire."""

import re
from functools import cache

SESSION_FIELDS = (
    "id",
    "client_id",
    "coach_id",
    "starts_at",
    "ends_at",
    "status",
    "location",
    "notes",
    "version",
    "created_at",
    "updated_at",
)
"""Columns of a session that answers and the audit log show."""


@cache
def camel_case(name: str) -> str:
    """Turns ``starts_at`` into ``startsAt``."""
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), name)
