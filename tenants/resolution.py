"""From a name in a request to a gym, and from its rows to what a process caches."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.context import Gym
from core.db.session import TenantSession
from core.db.versions import bump
from core.errors import TenantUnknown
from core.http.schema import snake_case
from core.plugin.manifest import Manifest, working
from core.plugin.settings import plugin_settings, setting
from tenants import repository
from tenants.models import (
    LIMITS,
    SLUG_LENGTHS,
    SLUG_PATTERN,
    Epoch,
    GymSetting,
    GymStatus,
)

_SLUG = re.compile(SLUG_PATTERN)
_HOST = re.compile("^[a-z0-9_.-]{1,253}$")


def is_slug(text: str) -> bool:
    """Whether ``text`` is formed like a slug."""
    shortest, longest = SLUG_LENGTHS
    return shortest <= len(text) <= longest and _SLUG.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Whether ``text`` is formed like a domain of somebody's own."""
    return _HOST.fullmatch(text) is not None and "." in text.strip(".")


class Resolution:
    """The reading side of the registry; see ``core.plugin.directory``.

    Args:
        manifests: Of the installed plugins, in load order: a gym that stored nothing
            about a plugin has the default that the plugin declares.

    Attributes:
        epoch: Table whose one version counts for every gym.
    """

    epoch = Epoch.__tablename__

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._manifests = manifests

    def find(
        self, session: TenantSession, *, slug: str | None, host: str | None
    ) -> UUID | None:
        """Finds a gym by its slug or by one of its own domains.

        What cannot be a name is not looked up: strangers choose these texts.
        """
        if slug is not None and is_slug(slug):
            return repository.find_id_by_slug(session, slug)
        if host is not None and _HOST.fullmatch(host):
            return repository.find_id_by_domain(session, host)
        return None

    def load(self, session: TenantSession, tenant_id: UUID) -> Gym | None:
        """Reads a gym; None when it is gone.

        The version is read before the rest, so that a change in between leaves the
        result marked as older than it is, and it is read again.
        """
        version = session.versions.get(tenant_id)
        if version is None:
            version = repository.access_version(session, tenant_id)
        row = repository.find_gym(session, tenant_id)
        if row is None or version is None:
            return None
        toggles = repository.toggles(session)
        settings = repository.settings(session)
        return Gym(
            id=row.id,
            slug=row.slug,
            name=row.name,
            status=row.status,
            timezone=row.timezone,
            locale=row.locale,
            currency=row.currency,
            version=version,
            domains=frozenset(repository.domains_of(session, tenant_id)),
            plugins=working(
                self._manifests,
                repository.chosen(toggles, repository.quarantined(session)),
            ),
            plugin_settings=plugin_settings(
                self._manifests, repository.plugin_settings(toggles)
            ),
            settings={key: setting.value for key, setting in settings.items()},
            roles=repository.roles(session),
            cors_origins=frozenset(row.cors_origins),
            limits=row.limits,
        )

    def slugs(self, session: TenantSession) -> Sequence[str]:
        """Names every gym that is not erased."""
        return [row.slug for row in repository.all_gyms(session)]

    def ids(self, session: TenantSession) -> Sequence[UUID]:
        """The id of every gym that is not erased, whatever its status."""
        return [row.id for row in repository.all_gyms(session)]

    def clocks(self, session: TenantSession) -> Sequence[tuple[UUID, str]]:
        """The id and IANA time zone of every active gym."""
        return [
            (row.id, row.timezone)
            for row in repository.all_gyms(session)
            if row.status == GymStatus.ACTIVE
        ]

    def describe(self, session: TenantSession, gym: Gym) -> dict[str, Any]:
        """What the gym's own people see of its row, as ``GymView`` writes it.

        Raises:
            TenantUnknown: The gym is gone.
        """
        row = repository.find_gym(session, gym.id)
        if row is None:
            raise TenantUnknown
        parts = ("logoFileId", "primaryColor", "secondaryColor")
        return {
            "id": row.id,
            "slug": row.slug,
            "name": row.name,
            "status": row.status,
            "timezone": row.timezone,
            "locale": row.locale,
            "currency": row.currency,
            "domains": sorted(gym.domains),
            "branding": {
                snake_case(part): setting(gym, f"branding.{part}")
                or row.branding.get(part)
                for part in parts
            },
            "limits": {snake_case(name): row.limits.get(name) for name in LIMITS},
            "created_at": row.created_at,
        }

    def store_settings(
        self, session: TenantSession, tenant_id: UUID, values: Mapping[str, Any]
    ) -> None:
        """Stores gym settings that were validated before.

        The raised version is also the lock: see ``tenants.toggles``.
        """
        bump(session, tenant_id)
        stored = repository.settings(session)
        for key, value in values.items():
            if key not in stored:
                session.add(GymSetting(key=key, value=value))
            elif stored[key].value != value:
                stored[key].value = value
        session.flush()
