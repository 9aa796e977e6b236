#!/bin/sh
# Fetches the script of the page /docs. It is committed, so that a clone serves the page
# with Go alone. Redoc shows a logo from its maker's host: the page may ask no other host.
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" redoc@2.5.4
redoc=$folder/node_modules/redoc
sed "s|https://[^\"]*/logo-mini.svg|data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E|; /^\/\/# sourceMappingURL/d" \
  "$redoc/bundles/redoc.standalone.js" | gzip -9n > shared/apidocs/redoc.js.gz
cat "$redoc/LICENSE" "$redoc/bundles/redoc.standalone.js.LICENSE.txt" > shared/apidocs/redoc.LICENSE
