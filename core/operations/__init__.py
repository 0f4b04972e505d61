"""Running an installation: backups, check-ups, starting and stopping in order."""
