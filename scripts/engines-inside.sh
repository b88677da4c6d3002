#!/usr/bin/env bash
# engines-inside.sh docker|containerd RUNSC CGROUP [--check]: what engines.sh does in the namespaces that it makes.
# All processes end with this one, and all mounts with the last of them.
set -euo pipefail

engine=$1 runsc=$2 cgroup=$3 check_only=${4-}
start_seconds_max=30

mount -t tmpfs tmpfs /run
work=/run/bun-gofer-engines
mkdir -p "$work"/{etc/upper,etc/work,data,image,counts}
# Some releases of dockerd leave a key in /etc/docker.
layers=lowerdir=/etc,upperdir=$work/etc/upper,workdir=$work/etc/work
mount -t overlay -o "$layers" overlay /etc || exit 77

# What the daemons have in their environment, runsc gets from them; of that, the gofer gets only what is its own.
export BUN_GOFER_STATS=$work/counts/%ID%
export DOCKER_CONFIG=$work/docker-client

say_and_run() {
  echo "+ $*"
  "$@"
}

# start NAME PROBE COMMAND...: starts a daemon and waits until the probe succeeds.
start() {
  local name=$1 probe=$2 daemon
  shift 2
  echo "+ $* &"
  "$@" >"$work/$name.log" 2>&1 &
  daemon=$!
  for ((tenths = 0; tenths < start_seconds_max * 10; tenths++)); do
    if $probe >/dev/null 2>&1; then
      return
    fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.1
  done
  echo "$name does not start here: $(tail -n 1 "$work/$name.log")" >&2
  exit 77
}

# An image of busybox, in the form that `docker save` writes and `ctr image import` reads as well.
make_image() {
  local root=$work/image/root name
  mkdir -p "$root"/{bin,data,dev,etc,proc,sys,tmp}
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in cat cp sh; do
    ln -s busybox "$root/bin/$name"
  done
  tar -C "$root" -cf "$work/image/layer.tar" .
  local digest architecture
  digest=$(sha256sum <"$work/image/layer.tar" | cut -d ' ' -f 1)
  case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
  cat >"$work/image/config.json" <<JSON
{
  "architecture": "$architecture",
  "os": "linux",
  "config": { "Env": ["PATH=/bin"], "Cmd": ["sh"] },
  "rootfs": { "type": "layers", "diff_ids": ["sha256:$digest"] }
}
JSON
  cat >"$work/image/manifest.json" <<JSON
[{ "Config": "config.json", "RepoTags": ["bun-gofer/try:latest"], "Layers": ["layer.tar"] }]
JSON
  tar -C "$work/image" -cf "$work/image.tar" manifest.json config.json layer.tar
}

# expect_container COMMAND...: runs a container that is to read and write files of the host, and looks at what it did.
script='cat /data/given && cp /data/given /data/copy && cp /data/given /etc/copy && cat /etc/copy /proc/version'
expect_container() {
  local output
  rm -rf "$work"/data/* "$work"/counts/*
  echo 'a file of the host' >"$work/data/given"
  output=$(say_and_run "$@" sh -c "$script") || fail "status $?" "$output"
  echo "$output"
  [ "$(grep -c '^a file of the host$' <<<"$output")" -eq 2 ] || fail 'it has not read the files' "$output"
  grep -q '^Linux version .*gvisor' <<<"$output" || fail 'it did not run in gVisor' "$output"
  cmp -s "$work/data/given" "$work/data/copy" || fail 'it has not written to the host' "$output"
  [ -n "$(find "$work/counts" -type f -size +0)" ] || fail 'its gofer was not bun-gofer' "$output"
  echo "ok: a container by $engine, its files served by bun-gofer"
}

fail() {
  printf 'The container did not do what it should: %s\n%s\n' "$1" "$2" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

cat >"$work/containerd.toml" <<TOML
version = 2
root = "$work/containerd/root"
state = "$work/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]

[grpc]
  address = "$work/containerd.sock"

[plugins."io.containerd.internal.v1.opt"]
  path = "$work/containerd/opt"
TOML

cat >"$work/daemon.json" <<JSON
{
  "runtimes": {
    "bun-gofer": { "path": "$runsc" },
    "bun-gofer-data-path": { "path": "$runsc", "runtimeArgs": ["--directfs=false", "--overlay2=none"] }
  }
}
JSON

by_containerd() {
  local ctr=(ctr --address "$work/containerd.sock")
  start containerd "${ctr[*]} version" containerd --config "$work/containerd.toml"
  [ -z "$check_only" ] || return 0
  say_and_run "${ctr[@]}" image import "$work/image.tar"
  expect_container "${ctr[@]}" run --rm --cgroup "/$cgroup/try" \
    --runtime io.containerd.runc.v2 --runc-binary "$runsc" --runc-root "$work/runsc" \
    --mount "type=bind,src=$work/data,dst=/data,options=rbind:rw" docker.io/bun-gofer/try:latest try
}

by_docker() {
  local docker=(docker --host "unix://$work/docker.sock") runtime
  start containerd "test -S $work/containerd.sock" containerd --config "$work/containerd.toml"
  start dockerd "${docker[*]} version" dockerd --config-file "$work/daemon.json" --containerd "$work/containerd.sock" \
    --host "unix://$work/docker.sock" --data-root "$work/docker" --exec-root "$work/docker-exec" \
    --pidfile "$work/docker.pid" --bridge=none --iptables=false --ip6tables=false --ip-forward=false \
    --storage-driver=vfs --cgroup-parent="/$cgroup"
  [ -z "$check_only" ] || return 0
  say_and_run "${docker[@]}" load --input "$work/image.tar"
  for runtime in bun-gofer bun-gofer-data-path; do
    expect_container "${docker[@]}" run --rm --network=none --runtime="$runtime" \
      --volume "$work/data:/data" bun-gofer/try
  done
}

[ -n "$check_only" ] || make_image
"by_$engine"
