#!/usr/bin/env bash
# Runs schemathesis against a local server of its own: schemathesis.sh <its bin folder>
set -euo pipefail
tools=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

cd "$here/../.."
"${GO:-go}" build -o "$work/local" ./infra/local
"$work/local" -data "$work/data" -conomy localhost:0 -blnk localhost:0 >"$work/out" 2>"$work/log" &
server=$!
for _ in {1..100}; do
  url=$(sed -nE "s|^Conomy's dialect +(http://[^ ]+).*|\1|p" "$work/out")
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$url" ]; then cat "$work/log" >&2; exit 1; fi

. "$work/data/sandbox.env"
token=$(curl -s "$url/auth" -H "x-api-key: $CONOMY_KEY" -H 'Content-Type: application/json' \
  -d "{\"clientId\":\"$CLIENT_ID\",\"clientSecret\":\"$CLIENT_SECRET\"}" | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')

status=0
cd "$work" # where schemathesis keeps what it found
timeout 300 "$tools/schemathesis" --config-file "$here/schemathesis.toml" run "$here/conomy.yaml" --url "$url" \
  -H "Authorization: Bearer $token" -H "x-api-key: $CONOMY_KEY" \
  --workers 2 --max-examples 60 --seed "${SEED:-1}" --no-color | tee "$work/report" || status=$?

# What the checks do not count: how much was tried, and every 5xx but 501, which
# the contract declares, 503 that nothing here should bring about included.
cases=$(sed -nE 's/^ +([0-9]+) generated.*/\1/p' "$work/report")
echo "$cases cases, $(grep -c '"msg":"request"' "$work/log") requests"
if [ "${cases:-0}" -lt 2000 ]; then echo 'fewer than 2,000 cases' >&2; status=1; fi
if grep -E '"status":(500|502|503|504)' "$work/log" | head -3 | grep . >&2; then echo 'the server broke' >&2; status=1; fi
exit "$status"
