#!/usr/bin/env bash
# Runs containers by Docker or by containerd on a runsc that starts bun-gofer, and shows the commands.
#
#   engines.sh docker|containerd [RUNSC]    RUNSC is dist/runsc when it is left out
#   engines.sh --check docker|containerd    only finds out whether that can be tried here
#
# The daemons are of its own, in namespaces of their own (mounts, processes, network), and all they write is in memory.
# A daemon that runs already is neither asked nor disturbed, and nothing is left when this has ended; only SIGKILL would
# leave empty cgroups.
#
# Exit status: 0 all went well, 1 something went wrong, 2 wrong usage, 77 it cannot be tried here, for the reason on
# standard error.
set -euo pipefail

programs=$(realpath -m "$(dirname "$0")/../.cache/engines")/usr
export PATH=$programs/bin:$programs/sbin:$PATH
usage='usage: engines.sh [--check] docker|containerd [RUNSC]'

cannot() {
  echo "$*" >&2
  exit 77
}

check_only=
if [ "${1-}" = --check ]; then
  check_only=--check
  shift
fi
case ${1-} in
docker) needed='containerd containerd-shim-runc-v2 dockerd docker busybox setpriv unshare' ;;
containerd) needed='containerd containerd-shim-runc-v2 ctr busybox setpriv unshare' ;;
*)
  echo "$usage" >&2
  exit 2
  ;;
esac
engine=$1
runsc=$(realpath -- "${2:-$(dirname "$0")/../dist/runsc}")

if [ "$(id -u)" -ne 0 ] || ! grep -q '^ *0 *0 *4294967295$' /proc/self/uid_map; then
  cannot "$engine needs root, outside of user namespaces"
fi
for program in $needed; do
  command -v "$program" >/dev/null ||
    cannot "missing: $program (make engine-programs, or the packages docker.io, containerd and busybox-static)"
done
# All that runs in them ends with this script, even when it is killed.
namespaces='setpriv --pdeathsig KILL unshare --mount --pid --net --ipc --uts --fork --kill-child --mount-proc'
$namespaces mount -t tmpfs tmpfs /run 2>/dev/null || cannot 'root may not make namespaces and mounts here'

# One cgroup for all containers, so that it can be removed. The ID is unique outside of the namespaces.
cgroup=bun-gofer-engines-$$
remove_cgroups() {
  find /sys/fs/cgroup -depth -type d \( -name "$cgroup" -o -path "*/$cgroup/*" \) -exec rmdir {} \;
}
trap remove_cgroups EXIT

status=0
$namespaces "$(dirname "$0")/engines-inside.sh" "$engine" "$runsc" "$cgroup" $check_only || status=$?
exit "$status"
