"""What the webhook routes ask of whoever calls them."""

from core.access import Permission

READ_ENDPOINTS = Permission(
    "webhooks.endpoint.read", "See where webhooks go, and whether they were taken."
)
MANAGE_ENDPOINTS = Permission(
    "webhooks.endpoint.manage", "Decide where webhooks go, and see their secrets."
)
RESEND_DELIVERIES = Permission(
    "webhooks.delivery.resend", "Send a webhook again, or a sample of one."
)

PERMISSIONS = (READ_ENDPOINTS, MANAGE_ENDPOINTS, RESEND_DELIVERIES)
