#!/usr/bin/env bash
# Usage: scripts/step.sh TITLE COMMAND [ARGUMENT...]
#
# Runs one step of the build quietly and prints one line with the time it took. A step that takes long says every ten
# seconds what it is at. The output of a step that fails is shown; that of the others is kept in .cache/logs/.
set -euo pipefail

title=$1
shift
logs=.cache/logs
mkdir -p "$logs"
log=$logs/${title//[^A-Za-z0-9]/-}.log

elapsed() {
  awk -v micros=$((${EPOCHREALTIME//[!0-9]/} - started)) 'BEGIN { printf "%6.1f s", micros / 1e6 }'
}

report_progress() {
  local nap=
  trap '[ -z "$nap" ] || kill "$nap"; exit' TERM
  while :; do
    sleep 10 >/dev/null 2>&1 &
    nap=$!
    wait "$nap"
    printf ' ...   %s  %s  %s\n' "$(elapsed)" "$title" "$(tail -n 1 "$log" | cut -c 1-80)"
  done
}

started=${EPOCHREALTIME//[!0-9]/}
report_progress &
reporter=$!
trap 'kill "$reporter" 2>/dev/null; wait "$reporter" 2>/dev/null || true' EXIT

status=0
"$@" </dev/null >"$log" 2>&1 || status=$?
if [ "$status" -eq 0 ]; then
  printf '  ok   %s  %s\n' "$(elapsed)" "$title"
else
  printf 'FAILED %s  %s (exit %d): %s\n' "$(elapsed)" "$title" "$status" "$*"
  cat "$log"
  echo
fi
exit "$status"
