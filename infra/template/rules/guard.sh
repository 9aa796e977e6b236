#!/usr/bin/env bash
# Holds expanded templates to registry.guard and to the rules of AWS Control Tower:
# guard.sh <cfn-guard> <folder of Control Tower's rules> <template>...
set -euo pipefail

guard=$1 tower=$2
shift 2

# Control Tower's rules that do not fit, and why.
declare -A except=(
  [ct-cloudwatch-pr-2]="wants logs for a year: a production keeps them so long, a sandbox for 14 days, and guard reads no mapping"
  [ct-sqs-pr-1]="wants dead letters of every queue: both queues here are dead letters"
  [ct-lambda-pr-2]="wants a source account: SAM's permissions name one API, registry.guard sees to it"
  [ct-lambda-pr-3]="wants a VPC: functions call AWS's services alone, by IAM and TLS; a VPC would add NAT, cost and cold starts"
  [ct-apigateway-pr-1]="wants execution logs: they would hold requests, so personal data; access logs are on"
  [ct-kms-pr-3]="wants a statement against grants in every key's policy: who may make one IAM's policies say, and none here grants it"
)

rules=("$(dirname "$0")/registry.guard") excepted=0
while IFS= read -r rule; do
  if [[ -n ${except[$(basename "$rule" .guard)]-} ]]; then
    excepted=$((excepted + 1))
  else
    rules+=("$rule")
  fi
done < <(find "$tower" -name '*.guard' | sort)

((excepted == ${#except[@]})) || { echo 'an exception names no rule' >&2; exit 1; }
((${#rules[@]} > 200)) || { echo "only ${#rules[@]} files of rules" >&2; exit 1; }

for template in "$@"; do
  "$guard" validate --rules "${rules[@]}" --data "$template" --show-summary fail
  # An exception that is not needed any more is none.
  for name in "${!except[@]}"; do
    rule=$(find "$tower" -name "$name.guard")
    if "$guard" validate --rules "$rule" --data "$template" --show-summary none >/dev/null 2>&1; then
      echo "$template keeps $name: it needs no exception" >&2
      exit 1
    fi
  done
  echo "$template keeps ${#rules[@]} files of rules"
done
