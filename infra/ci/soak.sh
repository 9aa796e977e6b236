#!/bin/sh
# Runs long tests and prints their results: soak.sh <argument of go test>...
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .build
status=0
CEDULA_TEST=soak "${GO:-go}" test -count=1 -timeout 40m -v "$@" >.build/soak.log 2>&1 || status=$?
grep -vE '^\{|^=== |^ +--- PASS.*/' .build/soak.log || true
exit "$status"
