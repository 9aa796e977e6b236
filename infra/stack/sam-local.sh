#!/usr/bin/env bash
# Runs every function by sam local, where a container engine is up: each sample
# event by sam local invoke, and both APIs by sam local start-api. It wants sam's
# command line, a built .aws-sam and a DynamoDB: sam-local.sh <sam> <dynoxide>.
set -euo pipefail

sam=$1 dynoxide=$2 template=$3
read -ra flags <<<"${SAM_LOCAL_FLAGS-}"
export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=example

if ! docker info >/dev/null 2>&1; then
  echo 'sam local needs a container engine, and none answers here (docker info fails): nothing was run' >&2
  exit 1
fi

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# The engine's containers reach this machine under its address in their network.
host=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')
port=$((20000 + RANDOM % 20000))
"$dynoxide" serve --host 0.0.0.0 --port "$port" --log quiet &

# The parameters of a stack that there is none of, for each function's variables.
cat > "$work/env.json" <<JSON
{"Parameters": {
  "AWS_ENDPOINT_URL_DYNAMODB": "http://$host:$port", "CEDULA_TABLE": "cedula",
  "CEDULA_SECRET": "$(printf 's%.0s' {1..64})", "CEDULA_ISSUER": "urn:cedula:local", "CEDULA_AUDIENCE": "urn:cedula:local:conomy",
  "CEDULA_TOKEN_KEY": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000",
  "CEDULA_VAULT_KEY": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000001", "CEDULA_ISSUERS": "[]"
}}
JSON

# An answer of any status shows that the function started and understood the event.
failed=0
for event in events/*.json; do
  name=$(basename "$event" .json)
  stem=$(sed -E 's/^authorizers-(.*)/\1-authorizer/; s/(^|-)([a-z])/\U\2/g' <<<"$name")
  if answer=$("$sam" local invoke "${stem}Function" --template "$template" "${flags[@]}" --event "$event" --env-vars "$work/env.json" 2>"$work/log") &&
    grep -qE '"statusCode"|policyDocument|batchItemFailures|Unauthorized|durationMs' <<<"$answer"; then
    echo "ok    $name"
  else
    echo "FAIL  $name: $(tail -n 1 "$work/log") $answer" >&2
    failed=1
  fi
done

# sam serves all APIs of a template on one port. Each is asked for what it alone
# has and what needs no credentials.
port=$((20000 + RANDOM % 20000))
"$sam" local start-api --template "$template" "${flags[@]}" --port "$port" --env-vars "$work/env.json" >"$work/api" 2>&1 &
for _ in {1..120}; do
  curl -s -o /dev/null "http://127.0.0.1:$port/" && break
  sleep 1
done
check() { # name, path, what the answer holds
  if curl -s "http://127.0.0.1:$port$2" | grep -q "$3"; then
    echo "ok    start-api: $1"
  else
    echo "FAIL  start-api: $1: $(tail -n 3 "$work/api")" >&2
    failed=1
  fi
}
check Conomy /.well-known/oauth-authorization-server urn:cedula:local
check Blnk /health '"status"'
exit $failed
