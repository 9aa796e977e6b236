#!/bin/sh
# Starts a local server with data of its own in .build/load and measures it: local.sh [-length 5s] [-rounds 6]
set -eu
cd "$(dirname "$0")/../../.."
. infra/ci/lib.sh
work=.build/load
rm -rf "$work"
mkdir -p "$work"
"${GO:-go}" build -o "$work/load" ./infra/bench/load
trap stop_server EXIT
set -a
start_server "$work"
export SERVER_PID="$server"
"$work/load" "$@"
