#!/bin/sh
# Install this source as a release: sh deploy/release.sh [/opt/maillage]. It changes nothing that runs: `maillage upgrade` does.
set -eu
cd "$(dirname "$0")/.."
home=${1:-/opt/maillage}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
release="$home/releases/$version"
if [ -e "$release" ]; then
  echo "$release is there already: nothing was changed." >&2
  exit 1
fi
mkdir -p "$home/releases"
trap 'rm -rf "$release"' EXIT
"${PYTHON:-python3}" -m venv "$release"
"$release/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
"$release/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps .
trap - EXIT
[ -e "$home/current" ] || ln -s "$release" "$home/current"
echo "$release"
