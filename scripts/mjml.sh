#!/usr/bin/env bash
# Makes senders/mjml/mjml.js.gz from the npm packages that senders/mjml/package.json names.
# For maintainers: to take a newer MJML, change the versions there, run this, then make test.
set -eu
cd "$(dirname "$0")/../senders/mjml"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp package.json "$folder"
npm install --prefix "$folder" --no-package-lock --no-audit --no-fund --silent
cat > "$folder/entry.js" <<'JS'
import mjml2html from 'mjml-browser'
globalThis.mjml2html = mjml2html.default || mjml2html
JS
"$folder/node_modules/.bin/esbuild" "$folder/entry.js" --bundle --minify --platform=browser \
  --format=iife --target=es2022 --legal-comments=eof --outfile="$folder/mjml.js" --log-level=error
gzip -9n < "$folder/mjml.js" > mjml.js.gz
sha256sum mjml.js.gz
