#!/bin/sh
# Checks the language of what people read: phrases in code, contracts and pages, the length of the README, links
# between pages, and commit subjects since the rule exists.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .build
failed=0
fail() {
  echo "$1" >&2
  failed=1
}

# phrase <pattern> <what to write instead>
phrase() {
  found=$(git ls-files '*.go' '*.md' '*.yaml' '*.html' '*.sh' '*.toml' '*.mjs' '*.py' '*.guard' Makefile .ci/run | grep -v '^infra/ci/prose.sh$\|testdata/' |
    xargs grep -nE "$1" /dev/null | grep -vE "$allowed" || true)
  [ -z "$found" ] || fail "write $2:
$found"
}

# Messages to people are allowed to say more.
allowed='shared/messaging/templates'

phrase '(is|are) (no|none) (identity|client|key|text|number|object|array|date|document|list|page|code|email|phone|path|name|[a-z]+able)\>' '"is not a valid ..." or "does not exist"'
phrase '\<(is|are) none\>|\<none that\>' '"is not a valid ..." or "not one that"'
phrase '(^|// |\. )Who(ever)? |\<(nobody|somebody|whoever)\>' 'the actor, as in "A client that ..."'
phrase '\<ha(s|ve|d) to\>' '"must" or "requires"'
phrase '\<anew\>|\<for ever\>' '"again", "indefinitely"'
phrase '\<tells whether\>' '"reports whether"'
phrase '\<stands? (in|at|beside)\>' '"is in", "is next to"'
phrase '\<[Ll]aps(e|es|ed|ing)\>' '"expire"'
phrase '\<is to be\>' '"must be" or "will be"'
phrase '\<[Ll]ikewise\>' 'what is meant'
phrase '\<pass(ed|es)? over\>' '"ignored"'
phrase '\<(has|have) not( (a|an|the|any|its)\>|[.,;:])' '"does not have"'

words=$(awk '/^```/ { code = !code; next } !code { n += NF } END { print n }' README.md)
[ "$words" -le 900 ] || fail "README.md has $words words outside code blocks, at most 900 are allowed: move some to infra/docs"

for page in $(git ls-files '*.md'); do
  grep -oE '\]\([^)#:]+[)#]' "$page" | sed 's/^](//; s/[)#]$//' | while read -r link; do
    [ -e "$(dirname "$page")/$link" ] || echo "$page links to $link, which does not exist"
  done
done >.build/links
[ ! -s .build/links ] || fail "$(cat .build/links)"

# The rule for subjects holds from the commit that added this script.
first=$(git log --diff-filter=A --format=%H -1 -- infra/ci/prose.sh)
subjects=$(git log --no-merges --format=%s "${first:-HEAD}..HEAD" | grep -v '^Revert ' |
  awk 'length > 72 || !/^[a-z][a-z0-9\/_., -]*: ([a-z0-9]|[A-Z][A-Z])/' || true)
[ -z "$subjects" ] || fail "these commit subjects are not \"package: imperative summary\" of at most 72 characters:
$subjects"
exit "$failed"
