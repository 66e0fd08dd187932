#!/usr/bin/env bash
# css-inline writes the rules of <style media="print"> into every tag, so they count on screen too.
#
# Expected: a rule for paper, or for narrow screens, stays in its <style>, or is left out.
# Happens: css-inline keeps rules inside of @media apart. It does not look at the attribute `media`
#   of <style>: the rules for paper and for phones go into `style` attributes, and each reader sees
#   the e-mail as if on paper, or on a phone.
# Versions: css-inline 0.23.1, Python 3.11.
# Seen:
#   @media print: <p>Hello</p>
#   <style media="print">: <p style="color: white;">Hello</p>
#   <style media="(max-width:600px)">: <p style="color: white;">Hello</p>
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check css-inline==0.23.1
cd "$folder"

cat > see.py <<'PY'
import re
import sys
import css_inline

styles = {
    "@media print": "<style>@media print { p { color: white } }</style>",
    '<style media="print">': '<style media="print">p { color: white }</style>',
    '<style media="(max-width:600px)">': '<style media="(max-width:600px)">p { color: white }</style>',
}
seen = []
for name, style in styles.items():
    page = css_inline.inline(f"<html><head>{style}</head><body><p>Hello</p></body></html>")
    (paragraph,) = re.findall(r"<p.*</p>", page)
    print(f"{name}: {paragraph}")
    seen.append("white" in paragraph)
sys.exit(seen != [False, True, True])
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
