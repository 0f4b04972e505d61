"""Routes of passes."""

from plugins.passes.endpoints.holdings import passes
from plugins.passes.endpoints.managing import management
from plugins.passes.endpoints.products import offers

__all__ = ["management", "offers", "passes"]
