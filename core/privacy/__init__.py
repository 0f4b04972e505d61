"""Privacy: what is held about a person, as a file; its end; and how long it is kept."""

from core.privacy.endpoints import privacy
from core.privacy.jobs import ACTORS, SCHEDULES
from core.privacy.permissions import PERMISSIONS

blueprints = (privacy,)

__all__ = ["ACTORS", "PERMISSIONS", "SCHEDULES", "blueprints"]
