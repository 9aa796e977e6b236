#!/usr/bin/env bash
# Runs the benchmarks and the load program, and summarizes .build/bench.txt with
# benchstat: bench.sh [flag of infra/bench/load]...
set -euo pipefail
cd "$(dirname "$0")/../.."
go=${GO:-go}

mkdir -p .build
{
  "$go" test -run '^$' -bench . -benchtime 200x -count 6 ./infra/operationtest
  "$go" test -run '^$' -bench . -count 6 ./shared/auth ./shared/rest
  "$go" test -run '^$' -bench Keys -benchtime 3s -count 6 ./infra/local
  infra/bench/load/local.sh "$@"
} | grep -v '^{' | tee .build/bench.txt
"$go" tool -modfile=infra/tools/go.mod benchstat .build/bench.txt
