"""Plain Python for services: errors, clock, ids, context, rights."""

from core.access import (
    ADMIN_ONLY,
    COACHES,
    EVERYONE,
    GUESTS_TOO,
    STAFF,
    Permission,
    Role,
    RowScope,
)
from core.clock import as_rfc3339, utc_now
from core.context import Actor, Gym, current, hooks
from core.errors import (
    AppError,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    PlanLimit,
    PreconditionFailed,
    ProviderFailed,
    RateLimited,
    Unprocessable,
    ValidationFailed,
)
from core.http.page import Page, SortKey
from core.http.preconditions import require_version
from core.ids import new_id

__all__ = [
    "ADMIN_ONLY",
    "COACHES",
    "EVERYONE",
    "GUESTS_TOO",
    "STAFF",
    "Actor",
    "AppError",
    "Conflict",
    "Forbidden",
    "Gone",
    "Gym",
    "NotFound",
    "Page",
    "Permission",
    "PlanLimit",
    "PreconditionFailed",
    "ProviderFailed",
    "RateLimited",
    "Role",
    "RowScope",
    "SortKey",
    "Unprocessable",
    "ValidationFailed",
    "as_rfc3339",
    "current",
    "hooks",
    "new_id",
    "require_version",
    "utc_now",
]
