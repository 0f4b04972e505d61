"""Files: signed for, sent to a store, verified, scanned, and read by expiring links."""

from core.files.endpoints import files
from core.files.jobs import ACTORS, SCHEDULES
from core.files.permissions import PERMISSIONS
from core.files.service import usage

blueprints = (files,)

__all__ = ["ACTORS", "PERMISSIONS", "SCHEDULES", "blueprints", "usage"]
