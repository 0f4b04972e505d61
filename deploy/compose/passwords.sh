#!/bin/sh
# Run once by the database's image, inside the new database.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v app="$APP_PASSWORD" -v owner="$OWNER_PASSWORD" \
    -v operator="$OPERATOR_PASSWORD" -v backup="$BACKUP_PASSWORD" <<'SQL'
ALTER ROLE palestra_app PASSWORD :'app';
ALTER ROLE palestra_owner PASSWORD :'owner';
ALTER ROLE palestra_operator PASSWORD :'operator';
ALTER ROLE palestra_backup PASSWORD :'backup';
SQL
