#!/bin/sh
# Restores the newest backup of a folder into a scratch home with a database of its own,
# serves it on a port of its own, and tries what people do. Touches nothing else.
# Usage: deploy/restore-drill.sh FOLDER
#   DRILL_GYM, DRILL_LOGIN, DRILL_PASSWORD: an account to log in with (optional)
#   DRILL_PORT: the port (default 8390)
set -eu

folder=${1:?Usage: restore-drill.sh FOLDER}
here=$(cd "$(dirname "$0")/.." && pwd)
palestra=${PALESTRA:-$here/.venv/bin/palestra}
port=${DRILL_PORT:-8390}
base=http://127.0.0.1:$port
newest=$(find "$folder" -maxdepth 1 -name 'palestra-*.backup' -type f | sort | tail -n 1)
[ -n "$newest" ] || { echo "There is no backup in $folder." >&2; exit 1; }

scratch=$(mktemp -d)
server=
leave() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap leave EXIT
trap 'exit 1' INT TERM

# The embedded database, never the real one; and nobody is to get mail from a drill.
unset DATABASE_URL PALESTRA_DATABASE_OWNER_URL PALESTRA_DATABASE_OPERATOR_URL \
    PALESTRA_DATABASE_BACKUP_URL DATABASE_URL_FILE PALESTRA_DATABASE_OWNER_URL_FILE \
    PALESTRA_DATABASE_OPERATOR_URL_FILE PALESTRA_DATABASE_BACKUP_URL_FILE \
    SMTP_URL SMTP_URL_FILE REDIS_URL REDIS_URL_FILE PALESTRA_SMS_URL \
    PALESTRA_SMS_URL_FILE PALESTRA_OBJECT_STORAGE_URL PALESTRA_UPLOADS_DIR
export PALESTRA_ENV=test PALESTRA_HOME="$scratch/home" PORT="$port" \
    PALESTRA_HOST=127.0.0.1 PALESTRA_PUBLIC_URL="$base" PALESTRA_LOG_LEVEL=warning

started=$(date +%s)
echo "Restoring $newest …"
"$palestra" restore "$newest"
"$palestra" audit verify
"$palestra" db check

"$palestra" serve &
server=$!
tries=0
until curl -fsS "$base/ready" >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || { echo 'The server ended.' >&2; exit 1; }
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { echo 'The server is not ready after 2 minutes.' >&2; exit 1; }
    sleep 1
done
curl -fsS "$base/health"
echo
if [ -n "${DRILL_LOGIN:-}" ]; then
    body=$(printf '{"login":"%s","password":"%s"}' "$DRILL_LOGIN" "${DRILL_PASSWORD:?}")
    token=$(curl -fsS "$base/t/${DRILL_GYM:?}/api/v1/auth/login" \
        -H 'Content-Type: application/json' -d "$body" |
        sed -n 's/.*"accessToken":"\([^"]*\)".*/\1/p')
    [ -n "$token" ] || { echo 'The log-in gave no token.' >&2; exit 1; }
    for path in me auth/sessions permissions; do
        curl -fsS -o /dev/null -w "$path %{http_code}\n" \
            -H "Authorization: Bearer $token" "$base/t/$DRILL_GYM/api/v1/$path"
    done
fi
echo "The drill succeeded after $(($(date +%s) - started)) s."
