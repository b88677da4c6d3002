#!/usr/bin/env bash
# Installs with apt what the tests need and this machine lacks. Without the right to do so it says what to install and
# succeeds: the tests that miss a program skip themselves and say so.
set -euo pipefail
cd "$(dirname "$0")/.."

# program: Debian package
needs="
busybox:busybox-static
dbench:dbench
fio:fio
fs_mark:fsmark
gcc:gcc
git:git
ip:iproute2
newuidmap:uidmap
postmark:postmark
qemu-aarch64-static:qemu-user-static
setpriv:util-linux
sqlite3:sqlite3
strace:strace
stress-ng:stress-ng
tar:tar
"

missing=()
for need in $needs; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
# gcc alone compiles but does not link a C program.
if [ ! -e /usr/include/stdlib.h ]; then
  missing+=(libc6-dev)
fi
if ! scripts/get-libseccomp.sh .cache/libseccomp.so.2 "${LIBSECCOMP:-}" 2>/dev/null; then
  missing+=(libseccomp2)
fi
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

privileged=()
if [ "$(id -u)" -ne 0 ]; then
  privileged=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${privileged[@]}" true 2>/dev/null; then
  echo "Missing for some tests, which will be skipped: ${missing[*]}"
  echo "As root: apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
  exit 0
fi

echo "Installing what the tests need: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
scripts/step.sh "apt-get update" "${privileged[@]}" apt-get update
scripts/step.sh "apt-get install" "${privileged[@]}" apt-get install --yes --no-install-recommends "${missing[@]}"
