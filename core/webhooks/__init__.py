"""Webhooks: signed messages to other systems, and from them."""

from core.webhooks.catalog import TYPES
from core.webhooks.endpoints import webhooks
from core.webhooks.jobs import deliver
from core.webhooks.outgoing import announce, send
from core.webhooks.permissions import PERMISSIONS

blueprints = (webhooks,)
actors = (deliver,)

__all__ = ["PERMISSIONS", "TYPES", "actors", "announce", "blueprints", "send"]
