#!/usr/bin/env bash
# Fetches Docker and containerd for their tests from the Debian archive to .cache/engines, where this machine has none.
# Nothing is installed and no daemon is started. Where that does not work it says so and succeeds: the tests skip
# themselves.
set -euo pipefail
cd "$(dirname "$0")/.."

target=.cache/engines
packages='containerd docker.io runc'

has_all() {
  for program in containerd containerd-shim-runc-v2 ctr docker dockerd; do
    command -v "$program" >/dev/null || return 1
  done
}

fetch() {
  downloads=$(mktemp -d)
  trap 'rm -rf "$downloads"' EXIT
  (cd "$downloads" && apt-get download $packages)
  rm -rf "$target.new"
  for package in "$downloads"/*.deb; do
    dpkg -x "$package" "$target.new"
  done
  mv "$target.new" "$target"
}

if [ "${1-}" = --fetch ]; then
  fetch
elif [ ! -e "$target" ] && ! has_all; then
  if ! command -v apt-get >/dev/null || ! scripts/step.sh "Docker and containerd" "$0" --fetch; then
    echo "Docker and containerd could not be fetched: their tests will be skipped. Debian has them as: $packages"
  fi
fi
