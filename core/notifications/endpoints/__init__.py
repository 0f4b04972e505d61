"""The routes of notifications: the staff's, and those of each person."""

from core.notifications.endpoints.deliveries import notifications
from core.notifications.endpoints.inbox import inbox
from core.notifications.endpoints.preferences import preferences
from core.notifications.endpoints.templates import templates
from core.notifications.endpoints.unsubscribe import unsubscribing

blueprints = (notifications, templates, unsubscribing, inbox, preferences)

__all__ = ["blueprints"]
