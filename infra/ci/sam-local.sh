#!/bin/sh
# Runs every function by sam local, where a container engine is up: each sample
# event by sam local invoke, and both APIs by sam local start-api.
set -eu
cd "$(dirname "$0")/../.."
. infra/ci/lib.sh

export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" SAM_CLI_TELEMETRY=0
export SAM_CLI_CONTAINER_CONNECTION_TIMEOUT="${SAM_CLI_CONTAINER_CONNECTION_TIMEOUT:-120}"
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=example

if ! docker info >/dev/null 2>&1; then
  echo 'sam local needs a container engine, and docker info fails: nothing was run' >&2
  exit 1
fi

sam=$(infra/ci/install.sh sam)/bin/sam
dynoxide=$(infra/ci/install.sh dynoxide)/bin/dynoxide
template=.build/sam-local/template.yaml

# A container runs on this machine's processor, whatever Lambda's is, and sam sets
# no variable that the template does not name.
machine=$(uname -m | sed 's/aarch64/arm64/')
awk -v machine="$machine" '
  { sub(/Architectures: \[arm64\]/, "Architectures: [" machine "]"); print }
  /^    Tracing: Active/ { print "    Environment: {Variables: {AWS_ENDPOINT_URL_DYNAMODB: none}}" }
' template.yaml >template.local.yaml
trap 'rm -f template.local.yaml' EXIT
BOOTSTRAP_ARCH=$("${GO:-go}" env GOHOSTARCH) "$sam" build --template template.local.yaml --build-dir .build/sam-local
rm -f template.local.yaml

work=$(mktemp -d)
trap 'stop_server; [ -z "${api-}" ] || kill "$api" 2>/dev/null || true; rm -rf "$work"' EXIT

# The engine's containers reach this machine under its address in their network.
host=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')
[ -n "$host" ] || host=$(ip -4 -o addr show docker0 | sed 's|.* inet \([0-9.]*\)/.*|\1|')
port=$(random_port)
"$dynoxide" serve --host 0.0.0.0 --port "$port" --log quiet &
server=$!
for _ in $(seq 50); do
  "$dynoxide" healthcheck --port "$port" >/dev/null 2>&1 && break
  sleep 0.1
done
"$(dirname "$sam")/python" infra/template/maketable.py "$template" "http://127.0.0.1:$port" cedula

# The variables of each function, with parameters of a stack that does not exist.
cat > "$work/env.json" <<JSON
{"Parameters": {
  "AWS_ENDPOINT_URL_DYNAMODB": "http://$host:$port", "CEDULA_TABLE": "cedula",
  "CEDULA_SECRET": "$(printf %064d 0)", "CEDULA_ISSUER": "urn:cedula:local", "CEDULA_AUDIENCE": "urn:cedula:local:conomy",
  "CEDULA_TOKEN_KEY": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000",
  "CEDULA_VAULT_KEY": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000001", "CEDULA_ISSUERS": "[]"
}}
JSON

# The clients and identities of the events do not exist, so any status, which is shown, means that the function
# started and understood its event. There is no KMS.
failed=0
for event in events/*.json; do
  name=$(basename "$event" .json)
  function=$(echo "$name" | sed 's/^authorizers-\(.*\)/\1-authorizer/' |
    awk -F- '{ for (i = 1; i <= NF; i++) printf "%s%s", toupper(substr($i, 1, 1)), substr($i, 2) }')Function
  # shellcheck disable=SC2086 # several flags
  if answer=$("$sam" local invoke "$function" --template "$template" ${SAM_LOCAL_FLAGS-} --event "$event" --env-vars "$work/env.json" 2>"$work/log") &&
    status=$(echo "$answer" | grep -oE '"statusCode": ?[0-9]+|policyDocument|batchItemFailures|Unauthorized|durationMs' | head -n 1) && [ -n "$status" ]; then
    echo "ok    $name $(echo "$status" | tr -cd 0-9)"
  else
    echo "FAIL  $name: $(tail -n 1 "$work/log") $answer" >&2
    failed=1
  fi
done

# Each API must return its contract without credentials, and reject a list request
# that has wrong ones. sam 1.170 calls no authorizer: then the function rejects it.
for name in Conomy Blnk; do
  only=$(dirname "$template")/$name.yaml port=$(random_port)
  "$(dirname "$sam")/python" infra/template/only.py "$template" $name "$only"
  # shellcheck disable=SC2086 # several flags
  "$sam" local start-api --template "$only" ${SAM_LOCAL_FLAGS-} --port "$port" --env-vars "$work/env.json" >"$work/api" 2>&1 &
  api=$!
  for _ in $(seq 120); do
    curl -s -o /dev/null "http://127.0.0.1:$port/" && break
    sleep 1
  done
  contract=$(curl -s "http://127.0.0.1:$port/openapi.yaml" | head -n 1)
  list=$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer wrong' -H 'x-api-key: wrong' -H 'X-blnk-key: wrong' "http://127.0.0.1:$port/identities")
  if [ "${contract%%:*}" = openapi ] && { [ "$list" = 401 ] || [ "$list" = 403 ]; }; then
    echo "ok    start-api: $name"
  else
    echo "FAIL  start-api: $name: contract '$contract', a list with wrong credentials $list: $(tail -n 3 "$work/api")" >&2
    failed=1
  fi
  kill "$api" 2>/dev/null || true
done
exit $failed
