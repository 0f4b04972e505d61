"""What the operator writes into the registry: a gym's row, its domains, its status.

Every function here works in a session on the operator's connection that serves the
gym it changes, and raises the gym's version, so that the change holds from the next
request on.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from core.db.session import TenantSession
from core.db.versions import bump
from core.errors import TenantUnknown
from core.jobs.outbox import wake
from core.plugin.directory import NewGym
from tenants import repository
from tenants.errors import DomainTaken, GymClosed
from tenants.models import GymDomain, GymRow, GymStatus, Toggle
from tenants.oplog import note

_SAID = {
    GymStatus.ACTIVE: "resumed",
    GymStatus.SUSPENDED: "suspended",
    GymStatus.CLOSED: "closed",
}

log = structlog.get_logger(__name__)


def add_gym(session: TenantSession, gym_id: UUID, wanted: NewGym) -> GymRow:
    """Writes a new gym with its domains, toggles and first version.

    Raises:
        DomainTaken: A domain leads to another gym.
        IntegrityError: The slug was taken in the meantime.
    """
    row = GymRow(
        id=gym_id,
        slug=wanted["slug"],
        name=wanted["name"],
        timezone=wanted["timezone"],
        locale=wanted["locale"],
        currency=wanted["currency"],
        limits=dict(wanted.get("limits", {})),
        cors_origins=list(wanted.get("cors_origins", ())),
    )
    session.add(row)
    session.flush()
    _add_domains(session, gym_id, wanted.get("domains", ()))
    _add_toggles(
        session,
        dict.fromkeys(wanted.get("plugins_on", ()), True)
        | dict.fromkeys(wanted.get("plugins_off", ()), False),
    )
    bump(session, gym_id)
    note(session, "gym.created", gym=row)
    return row


def change_gym(
    session: TenantSession, gym_id: UUID, changes: Mapping[str, Any]
) -> GymRow:
    """Changes what the operator keeps of the gym, from the next request on.

    Args:
        session: On the operator's connection, serving the gym.
        gym_id: The gym.
        changes: Any of ``name``, ``timezone``, ``locale``, ``domains``, ``limits``,
            ``branding`` and ``cors_origins``. Of limits and branding, None takes a
            part away and what is left out stays; the lists are replaced as a whole.

    Raises:
        TenantUnknown: The gym is gone.
        GymClosed: It is closed, which is final.
        DomainTaken: A domain leads to another gym.
    """
    row = repository.lock_gym(session, gym_id)
    if row is None:
        raise TenantUnknown
    if row.status in {GymStatus.CLOSED, GymStatus.ERASED}:
        raise GymClosed
    for name in ("name", "timezone", "locale", "cors_origins"):
        if name in changes:
            setattr(row, name, changes[name])
    for name in ("limits", "branding"):
        if name in changes:
            merged = {**getattr(row, name), **changes[name]}
            kept = {part: value for part, value in merged.items() if value is not None}
            setattr(row, name, kept)
    if "domains" in changes:
        _replace_domains(session, gym_id, changes["domains"])
    bump(session, gym_id)
    session.flush()
    note(session, "gym.changed", gym=row, details={"changed": sorted(changes)})
    return row


def _replace_domains(
    session: TenantSession, gym_id: UUID, wanted: Sequence[str]
) -> None:
    known = repository.domains_of(session, gym_id)
    for domain in set(known) - set(wanted):
        session.delete(session.get_one(GymDomain, domain))
    session.flush()
    _add_domains(session, gym_id, [one for one in wanted if one not in known])


def change_status(session: TenantSession, gym_id: UUID, status: GymStatus) -> GymRow:
    """Suspends, resumes or closes the gym; doing so again changes nothing.

    Raises:
        TenantUnknown: The gym is gone.
        GymClosed: It is closed, which is final.
    """
    row = repository.lock_gym(session, gym_id)
    if row is None:
        raise TenantUnknown
    if row.status == status:
        return row
    if row.status in {GymStatus.CLOSED, GymStatus.ERASED}:
        raise GymClosed
    row.status = status
    bump(session, gym_id)
    session.flush()
    note(session, f"gym.{_SAID[status]}", gym=row)
    if status is GymStatus.ACTIVE:
        wake()
    log.warning("gym.status_changed", gym=row.slug, status=status.value)
    return row


def _add_domains(session: TenantSession, gym_id: UUID, domains: Sequence[str]) -> None:
    for domain in domains:
        if repository.find_id_by_domain(session, domain) is not None:
            raise DomainTaken(details={"domain": domain})
        session.add(GymDomain(domain=domain, gym_id=gym_id))
        session.flush()


def _add_toggles(session: TenantSession, wanted: Mapping[str, bool]) -> None:
    session.add_all(
        Toggle(plugin_id=plugin_id, enabled=enabled, settings={})
        for plugin_id, enabled in wanted.items()
    )
    session.flush()
