#!/usr/bin/env bash
# Runs a test program for `go test -exec` and keeps what it, and what it starts,
# writes to its two streams in the folder CEDULA_CANARY.
set -uo pipefail
root=$PWD
while [[ ! -e "$root/go.mod" && "$root" != / ]]; do root=$(dirname "$root"); done
package=${PWD#"$root"/}
"$@" 2>&1 | tee -a "$CEDULA_CANARY/${package//\//+}.$$.lines"
exit "${PIPESTATUS[0]}"
