#!/usr/bin/env bash
# Fetches what a team would use instead of Windrow, so that `figures --peers` can measure it: into target/peers, of pinned
# versions. What can't be had is said, and the rest is set up.
set -uo pipefail
cd "$(dirname "$0")/../.."
peers=target/peers
mkdir -p "$peers"

missing() { echo "missing: $1" >&2; }

python() {
    python3 -m venv "$peers/python" && "$peers/python/bin/pip" install --quiet -r tests/peers/requirements.txt
}

# A package's own files, without what it depends on: only the extension in it is wanted.
npm_package() {
    local archive
    archive=$(cd "$peers" && npm pack --silent "$2") || return
    mkdir -p "$peers/$1" && tar xzf "$peers/$archive" -C "$peers/$1" --strip-components 1 && rm "$peers/$archive"
}

python || missing "apsw and pygeodiff (PyPI): python3 with venv is needed"
npm_package sqlite-sync @sqliteai/sqlite-sync-linux-x86_64@1.1.4 || missing "sqlite-sync (npm)"
npm_package powersync @powersync/node@1.1.0 || missing "PowerSync core (npm)"
cargo build --release --locked --manifest-path tests/peers/documents/Cargo.toml --target-dir "$peers/documents" ||
    missing "automerge, loro, yrs (crates)"
