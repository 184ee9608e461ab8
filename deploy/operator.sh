#!/bin/sh
# The operator's commands read all four databases: their passwords go to a pgpass file that dies with the container.
set -eu
umask 077
{
  echo "$DATABASE_HOST:registry:registry:$DB_PASSWORD_REGISTRY"
  echo "$DATABASE_HOST:events:events:$DB_PASSWORD_EVENTS"
  echo "$DATABASE_HOST:mailing:mailing:$DB_PASSWORD_MAILING"
  echo "$DATABASE_HOST:observatory:observatory:$DB_PASSWORD_OBSERVATORY"
} > /tmp/pgpass
export PGPASSFILE=/tmp/pgpass
exec maillage "$@"
