#!/bin/sh
# Builds the unmodified runsc of the gVisor module that go.mod pins.
#
#   build-stock.sh OUTPUT
#
# RUNSC_VERSION replaces the version, which is that of the pinned gVisor module.
set -eu
exec "$(dirname "$0")/go-build.sh" gvisor.dev/gvisor/runsc "$@"
