#!/bin/sh
# Fails if go.mod or infra/tools/go.mod selects a version with a known fault: modules.txt.
set -eu
cd "$(dirname "$0")/../.."
failed=0
for mod in go.mod infra/tools/go.mod; do
  selected=$("${GO:-go}" list -modfile="$mod" -m -f '{{.Path}} {{or .Version (print "go" .GoVersion)}}' all)
  while read -r module least reason; do
    case $module in '#'*) continue ;; esac
    found=$(echo "$selected" | awk -v module="$module" '$1 == module { print $2 }')
    [ "$module" != go ] || found=$(awk '$1 == "go" { print $2 }' "$mod")
    [ -n "$found" ] || continue
    if [ "$(printf '%s\n%s\n' "$found" "$least" | sort -V | head -n 1)" != "$least" ]; then
      echo "$mod selects $module $found: use $least or newer ($reason)" >&2
      failed=1
    fi
  done <infra/ci/modules.txt
done
exit "$failed"
