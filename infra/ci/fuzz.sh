#!/bin/sh
# Runs the fuzz targets, two at a time: those of `longer` for FUZZ_TIME (60s), the
# others for FUZZ_REST (the same). A failing input stays in testdata/fuzz of its
# package: commit it with the correction.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
export FUZZ_TIME="${FUZZ_TIME:-60s}"
export FUZZ_REST="${FUZZ_REST:-$FUZZ_TIME}"
longer='FuzzDecode|FuzzCreate|FuzzPatch|FuzzFilter|FuzzCursor|FuzzVerify|FuzzKey|FuzzEvent|FuzzPhone|FuzzCheck|FuzzEmail'

# fuzz <package> <binary> <target> runs one target. Go reports an error, though nothing
# was found, if the time is up while an input runs.
fuzz() {
  time=$FUZZ_REST
  if echo "$3" | grep -qxE "$longer"; then time=$FUZZ_TIME; fi
  cd "$1"
  if ! out=$("$2" -test.run "^$3\$" -test.fuzz "^$3\$" -test.fuzztime "$time" -test.parallel 1 \
    -test.fuzzminimizetime 100x -test.fuzzcachedir "$root/.build/fuzz/found/$1" 2>&1); then
    if echo "$out" | grep -q 'Failing input' || ! echo "$out" | grep -q '^    context deadline exceeded'; then
      echo "$out"
      return 1
    fi
  fi
  echo "$1 $3: $(echo "$out" | grep execs | tail -n 1)"
}

if [ "${1-}" = one ]; then
  shift
  fuzz "$@"
  exit
fi
mkdir -p .build/fuzz
: >.build/fuzz/targets
for package in $(grep -rl --include='*_test.go' '^func Fuzz' infra shared | xargs -n1 dirname | sort -u); do
  binary=$PWD/.build/fuzz/$(echo "$package" | tr / -)
  "${GO:-go}" test -c -fuzz . -o "$binary" "./$package"
  (cd "$package" && "$binary" -test.list '^Fuzz') | sed "s|^|$package $binary |" >>.build/fuzz/targets
done
xargs -L1 -P2 infra/ci/fuzz.sh one <.build/fuzz/targets
