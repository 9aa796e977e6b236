#!/bin/sh
# Checks template.yaml, as it is written and as SAM expands it for each environment.
set -eu
cd "$(dirname "$0")/../.."

sam=$(infra/ci/install.sh sam)/bin
checkov=$(infra/ci/install.sh checkov)/bin/checkov
guard=$(infra/ci/install.sh cfn-guard)/node_modules/@cdklabs/cdk-validator-cfnguard
chmod +x "$guard"/bin/ubuntu/*/cfn-guard
# SAM asks a region of every template and reports home unless told not to.
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" SAM_CLI_TELEMETRY=0

mkdir -p .build
for environment in sandbox production; do
  "$sam/python" infra/template/expand.py template.yaml ".build/template.$environment.json" "Environment=$environment"
done
set -- .build/template.sandbox.json .build/template.production.json
"$sam/cfn-lint" template.yaml "$@"
CEDULA_TEST=template "${GO:-go}" test -count=1 ./infra/template
infra/template/rules/guard.sh "$guard/bin/ubuntu/$(uname -m)/cfn-guard" "$guard/rules/control-tower/cfn-guard" "$@"
"$checkov" --config-file infra/template/rules/checkov.yaml -f .build/template.production.json
"$sam/sam" validate --lint
"$sam/sam" build
