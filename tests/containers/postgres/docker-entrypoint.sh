#!/bin/sh
# The first start makes the cluster, with a server that only this container reaches; then the server itself.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username "$POSTGRES_USER" --pwfile "$POSTGRES_PASSWORD_FILE" --auth scram-sha-256 --encoding UTF8
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait -o "-c listen_addresses=" start
  PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --wait --mode fast stop
fi
exec "$@" -c listen_addresses='*'
