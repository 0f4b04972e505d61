"""What the dashboard asks of whoever looks at it."""

from core.access import STAFF, Permission

READ_SUMMARY = Permission(
    "dashboard.summary.read", "See the gym's figures at a glance.", STAFF
)

PERMISSIONS = (READ_SUMMARY,)
"""The dashboard of a gym's staff."""
