"""Integrations: services outside the platform that each gym sets up for itself."""

from core.integrations.endpoints import integrations
from core.integrations.permissions import PERMISSIONS
from core.integrations.service import read
from core.plugin.integration import Configuration, Integration

blueprints = (integrations,)

__all__ = ["PERMISSIONS", "Configuration", "Integration", "blueprints", "read"]
