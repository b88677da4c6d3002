#!/usr/bin/env bash
# Usage: scripts/get-libseccomp.sh OUTPUT [LIBSECCOMP]
#
# Puts a copy of libseccomp at OUTPUT, for the gofer to carry along: of LIBSECCOMP if that is named, else of the
# distribution's. Leaves OUTPUT as it is when nothing has changed.
set -euo pipefail

output=$1
library=${2:-}

if [ -z "$library" ]; then
  for directory in {/usr,}/lib/"$(uname -m)"-linux-gnu {/usr,}/lib64 /usr/lib; do
    if [ -e "$directory/libseccomp.so.2" ]; then
      library=$directory/libseccomp.so.2
      break
    fi
  done
fi
if [ ! -e "$library" ]; then
  echo "Cannot find ${library:-libseccomp.so.2}, with which the gofer makes its seccomp filter (2.5 or later is needed)." >&2
  echo "Install it (Debian, Ubuntu: apt-get install libseccomp2), or name it: make ... LIBSECCOMP=/path/to/libseccomp.so.2" >&2
  exit 1
fi
if ! cmp --silent "$library" "$output"; then
  install -D -m 644 "$library" "$output"
fi
