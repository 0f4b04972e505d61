"""The audit log: who did what to which record, written with the change itself."""

from core.audit.endpoints import audits
from core.audit.permissions import PERMISSIONS

blueprints = (audits,)

__all__ = ["PERMISSIONS", "blueprints"]
