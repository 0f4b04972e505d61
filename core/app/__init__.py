"""The composition root: where settings, database, plugins and routes become one."""

from core.app.factory import create_app
from core.app.installation import Installation

__all__ = ["Installation", "create_app"]
