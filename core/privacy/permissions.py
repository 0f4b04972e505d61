"""What the privacy routes ask of whoever acts for somebody else."""

from typing import Final

from core.access import Permission

MANAGE: Final = Permission(
    "privacy.request.manage",
    "Export and erase what the gym holds about a person, and see all requests.",
    people_only=True,
)

PERMISSIONS: Final = (MANAGE,)
