"""The admin's dashboard: core's own figures, and the tiles of the plugins."""

from core.dashboard.endpoints import dashboard

blueprints = (dashboard,)
