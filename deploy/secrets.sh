#!/bin/sh
# Write .env from .env.example, each empty secret drawn; an .env that is there already is left alone.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo ".env is there already: nothing was changed." >&2
  exit 1
fi
umask 077
while IFS= read -r line; do
  case $line in
    *SECRET= | *PASSWORD_*=) echo "${line}s$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < .env.example > .env.new
mv .env.new .env
echo "Wrote .env: complete MAILLAGE_PUBLIC_URL, SITE_ADDRESS, MAILLAGE_SMTP_URL and the addresses in it."
