#!/bin/sh
# Writes a backup into a folder, reads it back, and deletes those older than KEEP_DAYS.
# Usage: deploy/backup.sh FOLDER
set -eu

folder=${1:?Usage: backup.sh FOLDER}
keep_days=${KEEP_DAYS:-30}
here=$(cd "$(dirname "$0")/.." && pwd)
palestra=${PALESTRA:-$here/.venv/bin/palestra}
file=$folder/palestra-$(date -u +%Y%m%dT%H%M%SZ).backup

"$palestra" backup "$file"
if [ -n "${PALESTRA_BACKUP_PASSPHRASE:-}${PALESTRA_BACKUP_PASSPHRASE_FILE:-}${PALESTRA_BACKUP_KEY:-}${PALESTRA_BACKUP_KEY_FILE:-}" ]; then
    "$palestra" backup verify "$file"
fi
# Only after a backup that succeeded: old ones go when there is a new one.
find "$folder" -maxdepth 1 -name 'palestra-*.backup' -type f -mtime "+$keep_days" -delete
