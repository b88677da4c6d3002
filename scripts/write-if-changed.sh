#!/usr/bin/env bash
# Usage: scripts/write-if-changed.sh FILE TEXT
#
# Writes TEXT to FILE unless it is there already, so that make rebuilds what depends on FILE only when TEXT changed.
set -euo pipefail

mkdir -p "$(dirname "$1")"
[ "$(cat "$1" 2>/dev/null)" = "$2" ] || printf '%s\n' "$2" >"$1"
