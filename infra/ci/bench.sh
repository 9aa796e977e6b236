#!/bin/sh
# Runs the benchmarks and the load program, and summarizes .build/bench.txt with
# benchstat: bench.sh [flag of infra/bench/load]...
set -eu
cd "$(dirname "$0")/../.."
go=${GO:-go}

mkdir -p .build
{
  "$go" test -run '^$' -bench . -benchtime 200x -count 6 ./infra/operationtest
  "$go" test -run '^$' -bench . -count 6 ./shared/auth ./shared/rest
  "$go" test -run '^$' -bench Keys -benchtime 3s -count 6 ./infra/local
  infra/bench/load/local.sh "$@"
} >.build/bench.log
grep -v '^{' .build/bench.log | tee .build/bench.txt
"$go" tool -modfile=infra/tools/go.mod benchstat .build/bench.txt
