#!/bin/sh
# Builds the launcher: gVisor's runsc, which runs bun-gofer as its gofer.
#
#   build.sh OUTPUT [GOFER]
#
# GOFER is the absolute path of bun-gofer; without it, bun-gofer beside OUTPUT is run.
# RUNSC_VERSION replaces the version, which is that of the pinned gVisor module.
set -eu
exec "$(dirname "$0")/go-build.sh" . "$@"
