#!/usr/bin/env bash
# Runs the fuzz targets, two at a time: those of `longer` for FUZZ_TIME (60s), the
# others for FUZZ_REST (the same). A failing input stays in testdata/fuzz of its
# package: commit it with the correction.
set -euo pipefail
cd "$(dirname "$0")/../.."

export FUZZ_TIME=${FUZZ_TIME:-60s} root=$PWD
export FUZZ_REST=${FUZZ_REST:-$FUZZ_TIME}
export longer='FuzzDecode|FuzzCreate|FuzzPatch|FuzzFilter|FuzzCursor|FuzzVerify|FuzzKey|FuzzEvent|FuzzPhone|FuzzCheck|FuzzEmail'

# fuzz <package> <binary> <target> runs one target. Go reports an error, though nothing
# was found, if the time is up while an input runs.
fuzz() {
  local time=$FUZZ_REST out
  [[ $3 =~ ^($longer)$ ]] && time=$FUZZ_TIME
  cd "$1"
  if ! out=$("$2" -test.run "^$3\$" -test.fuzz "^$3\$" -test.fuzztime "$time" -test.parallel 1 \
    -test.fuzzminimizetime 100x -test.fuzzcachedir "$root/.build/fuzz/found/$1" 2>&1); then
    if grep -q 'Failing input' <<<"$out" || ! grep -q '^    context deadline exceeded' <<<"$out"; then
      echo "$out"
      return 1
    fi
  fi
  echo "$1 $3: $(grep execs <<<"$out" | tail -n 1)"
}
export -f fuzz

mkdir -p .build/fuzz
for package in $(grep -rl --include='*_test.go' '^func Fuzz' infra shared | xargs -n1 dirname | sort -u); do
  binary=$PWD/.build/fuzz/${package//\//-}
  "${GO:-go}" test -c -fuzz . -o "$binary" "./$package"
  (cd "$package" && "$binary" -test.list '^Fuzz') | sed "s|^|$package $binary |"
done | xargs -L1 -P2 bash -c 'fuzz "$@"' fuzz
