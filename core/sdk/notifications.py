"""Messages to people, for services.

``notify`` tells a person by every channel that fits, ``cancel`` calls off what it wrote
while that waits, and ``send_mail`` writes to an account or a bare address, by mail
alone. ``plan_reminders`` plans what a plugin declares as a ``ReminderKind``.
"""

from core.notifications.errors import (
    ChannelUnknown,
    DeliveryUnknown,
    NotCancelable,
    RecipientUnknown,
    TemplateDefect,
    TemplateUnknown,
    TopicUnknown,
)
from core.notifications.reminders.planning import plan_reminders
from core.notifications.service import cancel, notify, send_mail
from core.plugin.reminder import Occasion, Reminded, ReminderKind

__all__ = [
    "ChannelUnknown",
    "DeliveryUnknown",
    "NotCancelable",
    "Occasion",
    "RecipientUnknown",
    "Reminded",
    "ReminderKind",
    "TemplateDefect",
    "TemplateUnknown",
    "TopicUnknown",
    "cancel",
    "notify",
    "plan_reminders",
    "send_mail",
]
