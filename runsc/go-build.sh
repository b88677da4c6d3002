#!/bin/sh
# go-build.sh PACKAGE OUTPUT [GOFER]: what build.sh and build-stock.sh have in common.
set -eu

module=gvisor.dev/gvisor
usage() {
	echo "usage: build.sh OUTPUT [GOFER] or build-stock.sh OUTPUT" >&2
	exit 2
}

[ $# -ge 2 ] && [ $# -le 3 ] || usage
package=$1
output=$(realpath -m -- "$2")
gofer=${3-}
case $gofer in
'' | /*) ;;
*)
	echo "go-build.sh: the gofer's path must be absolute, not $gofer" >&2
	exit 2
	;;
esac
case $package:$gofer in
*[[:space:]\'\"]*)
	echo "go-build.sh: the gofer's path must be without spaces and quotes, not $gofer" >&2
	exit 2
	;;
esac
[ "$package" = . ] || [ -z "$gofer" ] || usage

cd "$(dirname "$0")"
# With cgo, a gofer cannot start itself again once it has left the host's root.
export CGO_ENABLED=0
version=${RUNSC_VERSION:-$(go list -m -f '{{.Version}}' "$module")}
# Without a version, checkpoints and companion programs cannot tell one runsc from another.
flags="-s -w -X $module/runsc/version.version=$version"
[ -z "$gofer" ] || flags="$flags -X main.goferPath=$gofer"
exec go build -trimpath -buildvcs=false -ldflags "$flags" -o "$output" "$package"
