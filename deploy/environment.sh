#!/bin/sh
# From .env (sh deploy/secrets.sh) to the files of /etc/maillage that the units read: sh deploy/environment.sh [/etc/maillage]
set -eu
cd "$(dirname "$0")/.."
etc=${1:-/etc/maillage}
umask 077
mkdir -p "$etc"
chmod 755 "$etc"
set -a
. ./.env
set +a

# The key that signs the mails is for whoever sends them: mailing, and the watch among the operator's units.
dkim=$(grep -E '^MAILLAGE_DKIM_[A-Z]+=.' .env || true)
{ grep -E '^MAILLAGE_' .env | grep -vE '^MAILLAGE_(BACKUPS|DKIM_)'
  echo "MAILLAGE_PRODUCTION=true"
  echo "MAILLAGE_NATS_URL=nats://127.0.0.1:4222"; } > "$etc/maillage.env"

port=8101
: > "$etc/pgpass"
echo "SITE_ADDRESS=$SITE_ADDRESS" > "$etc/caddy.env"
for name in registry events mailing observatory; do
  upper=$(echo "$name" | tr a-z A-Z)
  eval "database=\$DB_PASSWORD_$upper bus=\$NATS_PASSWORD_$upper"
  { echo "PORT=$port"
    echo "MAILLAGE_DATABASE_URL=postgresql://$name:$database@127.0.0.1:5432/$name"
    echo "MAILLAGE_NATS_USER=$name"
    echo "MAILLAGE_NATS_PASSWORD=$bus"; } > "$etc/$name.env"
  echo "127.0.0.1:5432:$name:$name:$database" >> "$etc/pgpass"
  echo "${upper}_ADDRESS=127.0.0.1:$port" >> "$etc/caddy.env"
  port=$((port + 1))
done
[ -z "$dkim" ] || printf '%s\n' "$dkim" >> "$etc/mailing.env"

{ echo "PGPASSFILE=$etc/pgpass"
  [ -z "$dkim" ] || printf '%s\n' "$dkim"
  echo "MAILLAGE_DATABASE_URL=postgresql://{service}@127.0.0.1:5432/{service}"
  echo "MAILLAGE_OWNER_NATS_PASSWORD=$NATS_PASSWORD_OWNER"
  echo "MAILLAGE_DATA=/var/lib/maillage"
  echo "MAILLAGE_CURRENT=/opt/maillage/current"
  echo "MAILLAGE_BACKUPS=${MAILLAGE_BACKUPS:-/var/backups/maillage}"
  echo "MAILLAGE_BACKUPS_COPY=${MAILLAGE_BACKUPS_COPY:-}"; } > "$etc/operator.env"

{ echo "NATS_NAME=maillage"
  grep -E '^NATS_PASSWORD_' .env; } > "$etc/nats.env"
sed -e 's#0\.0\.0\.0#127.0.0.1#' -e 's#store_dir: "/data"#store_dir: "/var/lib/maillage/nats"#' deploy/nats.conf > "$etc/nats.conf"
cp deploy/nats-users.conf "$etc/nats-users.conf"
chmod 644 "$etc/nats.conf" "$etc/nats-users.conf"
if id maillage > /dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  chown maillage "$etc/pgpass"
fi
echo "Wrote $etc."
