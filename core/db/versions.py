"""Access versions: what makes a change of rights effective on the next request.

One row per gym (``id`` is the gym's own id) and one per user. Whatever a process
caches about a gym or a user is valid for exactly one version. The opening message of
each request reads both numbers, so a revoked role, a disabled user or a toggled
plugin takes effect everywhere with the commit that changes it.
"""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantModel
from core.db.compiled_writes import Upserting
from core.db.session import TenantSession


class AccessVersion(TenantModel):
    """The current version of one subject, a gym or a user."""

    __tablename__ = "access_versions"
    __audited__ = False

    version: Mapped[int] = mapped_column(nullable=False)


_BUMP = Upserting(
    AccessVersion,
    "id",
    "version",
    conflict=("id",),
    update={"version": AccessVersion.version + 1},
)


def bump(session: TenantSession, subject: UUID) -> None:
    """Makes everything cached about ``subject`` stale, at this session's commit."""
    _BUMP.run(session, {"id": subject, "version": 1})
