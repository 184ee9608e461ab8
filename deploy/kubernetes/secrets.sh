#!/bin/sh
# The Secrets of the manifests, from the .env that deploy/secrets.sh wrote:
#   DATABASE_HOST=db.example:5432 NAMESPACE=maillage sh deploy/kubernetes/secrets.sh | kubectl apply -f -
set -eu
cd "$(dirname "$0")/../.."
set -a
. ./.env
set +a
: "${DATABASE_HOST:?the address of PostgreSQL, host:port}"
secret() { kubectl create secret generic "$@" --namespace "${NAMESPACE:-maillage}" --dry-run=client --output yaml; echo "---"; }

# The network's word is here, not among the settings: services and jobs must agree on it, and it never changes.
secret maillage --from-literal=MAILLAGE_NETWORK="$MAILLAGE_NETWORK" --from-literal=MAILLAGE_SECRET="$MAILLAGE_SECRET" \
  --from-literal=MAILLAGE_PEOPLE_SECRET="$MAILLAGE_PEOPLE_SECRET" --from-literal=MAILLAGE_SMTP_URL="$MAILLAGE_SMTP_URL"
secret maillage-nats --from-literal=NATS_PASSWORD_OWNER="$NATS_PASSWORD_OWNER" \
  --from-literal=NATS_PASSWORD_REGISTRY="$NATS_PASSWORD_REGISTRY" --from-literal=NATS_PASSWORD_EVENTS="$NATS_PASSWORD_EVENTS" \
  --from-literal=NATS_PASSWORD_MAILING="$NATS_PASSWORD_MAILING" \
  --from-literal=NATS_PASSWORD_OBSERVATORY="$NATS_PASSWORD_OBSERVATORY"
pgpass=""
# The key that signs the mails, for whoever sends them; empty where the mail server signs.
dkim="--from-literal=MAILLAGE_DKIM_KEY=${MAILLAGE_DKIM_KEY:-} --from-literal=MAILLAGE_DKIM_SELECTOR=${MAILLAGE_DKIM_SELECTOR:-}"
for service in registry events mailing observatory; do
  upper=$(echo "$service" | tr a-z A-Z)
  eval "db=\$DB_PASSWORD_$upper bus=\$NATS_PASSWORD_$upper"
  signing=""
  [ "$service" != mailing ] || signing=$dkim
  # shellcheck disable=SC2086 - two words, without a space in either
  secret "maillage-$service" $signing --from-literal=MAILLAGE_NATS_PASSWORD="$bus" \
    --from-literal=MAILLAGE_DATABASE_URL="postgresql://$service:$db@$DATABASE_HOST/$service"
  pgpass="$pgpass$DATABASE_HOST:$service:$service:$db
"
done
# shellcheck disable=SC2086
secret maillage-operator $dkim --from-literal=MAILLAGE_OWNER_NATS_PASSWORD="$NATS_PASSWORD_OWNER" \
  --from-literal=MAILLAGE_DATABASE_URL="postgresql://{service}@$DATABASE_HOST/{service}" --from-literal=pgpass="$pgpass"
