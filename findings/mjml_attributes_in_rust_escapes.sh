#!/usr/bin/env bash
# mrml prints attribute values as Rust escapes: Hindi and Thai alt texts, styles on two lines.
#
# Expected: an attribute arrives in the HTML as it was written in the MJML. mrml handles Unicode:
#   the same text between the tags is right.
# Happens: mrml writes attribute values the way Rust prints strings for debugging, also those of
#   plain HTML in <mj-text>. Vowel signs, combining accents and the no-break space become \u{...}. A
#   line break becomes the two characters \n, which spoils the CSS declaration behind it. Letters
#   that stand alone, such as é, are right, so tests with them pass.
# Versions: mrml 0.2.4, Python 3.11.
# Seen:
#   'café': alt is right, text is right
#   'हिन्दी': alt="हिन\u{94d}दी", text is right
#   'สวัสดี': alt="สว\u{e31}สด\u{e35}", text is right
#   '20\xa0% off': alt="20\u{a0}% off", text is right
#   a style on two lines: style="color: red;\n margin: 0"
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mrml==0.2.4

cat > "$folder/see.py" <<'PY'
import re
import sys
import mrml

seen = []
for text in ("café", "हिन्दी", "สวัสดี", "20\u00a0% off"):
    html = mrml.to_html(
        "<mjml><mj-body><mj-section><mj-column>"
        f'<mj-image alt="{text}" src="https://example.com/a.png" /><mj-text>{text}</mj-text>'
        "</mj-column></mj-section></mj-body></mjml>"
    ).content
    alt = re.search('alt="([^"]*)"', html)[1]
    shown = "alt is right" if alt == text else f'alt="{alt}"'
    print(f"{text!r}: {shown}, text is {'right' if f'>{text}<' in html else 'wrong'}")
    seen.append((r"\u{" in alt, f">{text}<" in html))
html = mrml.to_html(
    "<mjml><mj-body><mj-section><mj-column>"
    '<mj-text><p style="color: red;\n margin: 0">x</p></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
).content
style = re.search('<p (style="[^"]*")', html)[1]
print(f"a style on two lines: {style}")
sys.exit(seen != [(False, True)] + [(True, True)] * 3 or r"red;\n margin" not in style)
PY
PYTHONUTF8=1 "$folder/venv/bin/python" "$folder/see.py" ||
  { echo "The behaviour has changed." >&2; exit 1; }
