"""What the notification routes ask of whoever calls them."""

from core.access import ADMIN_ONLY, STAFF, Permission

READ_DELIVERIES = Permission(
    "notifications.delivery.read", "See what the gym sent, and whether it went.", STAFF
)
RESEND_DELIVERIES = Permission(
    "notifications.delivery.resend", "Send again what could not be sent.", STAFF
)
SEND_SAMPLES = Permission(
    "notifications.sample.send", "Send samples of the gym's messages.", STAFF
)
SCHEDULE = Permission(
    "notifications.message.schedule",
    "Send messages to people at a later time, and call off what waits.",
    STAFF,
)
READ_TEMPLATES = Permission(
    "notifications.template.read", "See the words of the gym's messages.", STAFF
)
EDIT_TEMPLATES = Permission(
    "notifications.template.update", "Rewrite the gym's messages.", ADMIN_ONLY
)
READ_RULES = Permission(
    "notifications.rule.read", "See when people are reminded of something.", STAFF
)
UPDATE_RULES = Permission(
    "notifications.rule.update",
    "Change when people are reminded of something.",
    ADMIN_ONLY,
)

PERMISSIONS = (
    READ_DELIVERIES,
    RESEND_DELIVERIES,
    SEND_SAMPLES,
    SCHEDULE,
    READ_TEMPLATES,
    EDIT_TEMPLATES,
    READ_RULES,
    UPDATE_RULES,
)
