"""Notifications: what the gym tells people, by mail, text message and inbox."""

from core.notifications.endpoints import blueprints as messages
from core.notifications.jobs import deliver
from core.notifications.permissions import PERMISSIONS
from core.notifications.reminders.endpoints import rules
from core.notifications.reminders.jobs import ACTORS as REMINDER_ACTORS

actors = (deliver, *REMINDER_ACTORS)
blueprints = (*messages, rules)

__all__ = ["PERMISSIONS", "actors", "blueprints"]
