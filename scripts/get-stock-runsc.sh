#!/usr/bin/env bash
# Usage: scripts/get-stock-runsc.sh OUTPUT [RUNSC]
#
# Puts an unmodified runsc at OUTPUT: a copy of RUNSC if that is named, else one built from the gVisor module that
# runsc/go.mod pins.
set -euo pipefail

output=$(realpath -m "$1")
given=${2:-}

if [ -n "$given" ]; then
  install -D -m 755 "$given" "$output"
  exit
fi

if ! command -v go >/dev/null; then
  echo "Building runsc needs Go 1.21 or later. Install it, or name a runsc: make ... RUNSC=/path/to/runsc" >&2
  exit 1
fi
mkdir -p "$(dirname "$output")"
# With -v the last line of the log says how far the build has come.
GOFLAGS="$(go env GOFLAGS) -v" "$(dirname "$0")/../runsc/build-stock.sh" "$output"
