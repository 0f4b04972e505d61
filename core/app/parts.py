"""The parts of core, each with all that it registers; a plugin does so by hooks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import core.audit
import core.auth
import core.dashboard
import core.files
import core.integrations
import core.jobs.endpoints
import core.notifications
import core.privacy
import core.rbac.endpoints
import core.webhooks
from core.access import Permission
from core.audit.permissions import PERMISSIONS as AUDIT_PERMISSIONS
from core.auth import jobs as auth_jobs
from core.auth import seats
from core.auth.permissions import PERMISSIONS as AUTH_PERMISSIONS
from core.dashboard.permissions import PERMISSIONS as DASHBOARD_PERMISSIONS
from core.http.blueprint import Blueprint
from core.jobs.actor import JobActor
from core.jobs.permissions import PERMISSIONS as JOB_PERMISSIONS
from core.jobs.schedule import Every
from core.notifications.permissions import PERMISSIONS as NOTIFICATION_PERMISSIONS
from core.rbac.permissions import PERMISSIONS as RBAC_PERMISSIONS


@dataclass(frozen=True, slots=True)
class Part:
    """What one package of core brings along.

    Attributes:
        permissions: That its routes ask for.
        actors: That run its jobs.
        schedules: Its recurring jobs.
        webhook_types: That it sends beside the plugins' public events.
        usage: Gives figures of what the current gym uses, by name.
    """

    blueprints: Iterable[Blueprint] = ()
    permissions: Iterable[Permission] = ()
    actors: Iterable[JobActor[Any]] = ()
    schedules: Iterable[Every] = ()
    webhook_types: Iterable[str] = ()
    usage: Callable[[], Mapping[str, int]] | None = None


PARTS: Final = (
    Part(
        blueprints=core.auth.blueprints,
        permissions=AUTH_PERMISSIONS,
        actors=auth_jobs.ACTORS,
        usage=seats.taken,
    ),
    Part(core.rbac.endpoints.blueprints, RBAC_PERMISSIONS),
    Part(core.audit.blueprints, AUDIT_PERMISSIONS),
    Part(core.jobs.endpoints.blueprints, JOB_PERMISSIONS),
    Part(core.dashboard.blueprints, DASHBOARD_PERMISSIONS),
    Part(core.integrations.blueprints, core.integrations.PERMISSIONS),
    Part(
        blueprints=core.webhooks.blueprints,
        permissions=core.webhooks.PERMISSIONS,
        actors=core.webhooks.actors,
        webhook_types=core.webhooks.TYPES,
    ),
    Part(
        blueprints=core.notifications.blueprints,
        permissions=NOTIFICATION_PERMISSIONS,
        actors=core.notifications.actors,
    ),
    Part(
        blueprints=core.files.blueprints,
        permissions=core.files.PERMISSIONS,
        actors=core.files.ACTORS,
        schedules=core.files.SCHEDULES,
        usage=core.files.usage,
    ),
    Part(
        blueprints=core.privacy.blueprints,
        permissions=core.privacy.PERMISSIONS,
        actors=core.privacy.ACTORS,
        schedules=core.privacy.SCHEDULES,
    ),
)
"""In the order in which their routes are documented."""
