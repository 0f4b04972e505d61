"""What the audit log asks of whoever reads it."""

from core.access import Permission

READ_ENTRIES = Permission("audits.entry.read", "Read the audit log.")

PERMISSIONS = (READ_ENTRIES,)
