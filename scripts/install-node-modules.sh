#!/usr/bin/env bash
# Makes node_modules what the lock file says, and Bun in it ready to run. Does nothing when that is so already.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=node_modules/.lock-sha256
want=$(sha256sum package-lock.json)

if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
  if ! command -v npm >/dev/null; then
    echo "Installing the development tools needs npm (and Node.js)." >&2
    exit 1
  fi
  # The development tools run on Bun, so what they ask of Node does not matter: only errors are worth reading.
  npm ci --loglevel=error
fi
# An npm that runs no install scripts leaves Bun's placeholder in place.
./node_modules/.bin/bun --version >/dev/null 2>&1 || node node_modules/bun/install.js
./node_modules/.bin/bun --version
printf '%s\n' "$want" >"$stamp"
