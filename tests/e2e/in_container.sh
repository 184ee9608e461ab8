#!/bin/bash
# Stands for `maillage`: the same words in a container of the image, so that the story can be played with it:
# MAILLAGE_COMMAND=tests/e2e/in_container.sh pytest tests/e2e/test_apart.py (needs podman and a built image `maillage`).
set -euo pipefail
told=()
for name in $(compgen -e | grep '^MAILLAGE_'); do told+=(--env "$name"); done
for word in "$@"; do [ ! -f "$word" ] || told+=(--volume "$word:$word:ro"); done
if [ -n "${PGPASSFILE:-}" ]; then
  passwords=$(mktemp)
  trap 'rm -f "$passwords"' EXIT
  install -m 600 -o 10001 "$PGPASSFILE" "$passwords"
  podman run --rm --network host --read-only --tmpfs /tmp --cap-drop all "${told[@]}" \
    --volume "$passwords:/run/pgpass:ro" --env PGPASSFILE=/run/pgpass maillage "$@"
else
  exec podman run --rm --network host --read-only --tmpfs /tmp --cap-drop all "${told[@]}" maillage "$@"
fi
