#!/usr/bin/env bash
# Starts a local server with data of its own in .build/load and measures it: local.sh [-length 5s] [-rounds 6]
set -euo pipefail
cd "$(dirname "$0")/../../.."
work=.build/load
rm -rf "$work"
mkdir -p "$work"
"${GO:-go}" build -o "$work/cedula" ./infra/local
"${GO:-go}" build -o "$work/load" ./infra/bench/load
"$work/cedula" -data "$work/data" -conomy localhost:0 -blnk localhost:0 -mailbox localhost:0 >"$work/out" 2>"$work/log" &
export SERVER_PID=$!
trap 'kill "$SERVER_PID" 2>/dev/null || true; wait "$SERVER_PID" 2>/dev/null || true' EXIT

# address prints the URL of an API, once the server has said it.
address() { sed -nE "s|^$1's dialect +(http://[^ ]+).*|\1|p" "$work/out"; }
for _ in {1..100}; do
  [ -n "$(address Blnk)" ] && break
  kill -0 "$SERVER_PID" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$(address Blnk)" ]; then cat "$work/log" >&2; exit 1; fi

set -a
. "$work/data/sandbox.env"
CONOMY_URL=$(address Conomy)
BLNK_URL=$(address Blnk)
"$work/load" "$@"
