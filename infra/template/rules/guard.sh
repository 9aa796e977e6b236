#!/bin/sh
# Checks expanded templates with registry.guard and the rules of AWS Control Tower:
# guard.sh <cfn-guard> <folder of Control Tower's rules> <template>...
set -eu
guard=$1 tower=$2
shift 2

# The rules of Control Tower that do not apply, and why:
#   ct-cloudwatch-pr-2    requires logs for a year: production keeps them that long, a sandbox for 14 days, and guard does not read mappings
#   ct-sqs-pr-1           requires a dead-letter queue for every queue: both queues here are dead-letter queues
#   ct-lambda-pr-2        requires a source account: SAM's permissions name one API, which registry.guard checks
#   ct-lambda-pr-3        requires a VPC: functions call only AWS services, with IAM and TLS; a VPC would add NAT, cost and cold starts
#   ct-apigateway-pr-1    requires execution logs: they would contain requests, so personal data; access logs are on
#   ct-kms-pr-3           requires a statement against grants in every key policy: IAM policies decide that, and none here allows it
exceptions='ct-cloudwatch-pr-2 ct-sqs-pr-1 ct-lambda-pr-2 ct-lambda-pr-3 ct-apigateway-pr-1 ct-kms-pr-3'

rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
find "$tower" -name '*.guard' | sort >"$rules.all"
cp "$rules.all" "$rules"
for name in $exceptions; do
  grep -q "/$name\.guard\$" "$rules" || { echo "the exception $name is not a rule" >&2; exit 1; }
  grep -v "/$name\.guard\$" "$rules" >"$rules.left"
  mv "$rules.left" "$rules"
done
rm -f "$rules.all"
count=$(($(wc -l <"$rules")))
[ "$count" -gt 200 ] || { echo "only $count files of rules" >&2; exit 1; }

for template in "$@"; do
  # shellcheck disable=SC2046 # one argument per file; their names contain no spaces
  "$guard" validate --rules "$(dirname "$0")/registry.guard" $(cat "$rules") --data "$template" --show-summary fail
  for name in $exceptions; do
    rule=$(find "$tower" -name "$name.guard")
    if "$guard" validate --rules "$rule" --data "$template" --show-summary none >/dev/null 2>&1; then
      echo "$template passes $name, which needs no exception" >&2
      exit 1
    fi
  done
  echo "$template passes $count files of rules and registry.guard"
done
