#!/usr/bin/env bash
# One address, lowercased in Python, in polars and in DuckDB, has two SHA-256 keys.
#
# Expected: lower() is the same everywhere once all parts use Unicode. Suppression lists are
#   exchanged as the SHA-256 of the lowercase address, so the keys have to agree.
# Happens: Python and polars follow Unicode's full mapping, which looks at neighbouring letters. A
#   capital sigma at the end of a word becomes a final sigma, and a dotted capital I becomes two
#   characters. DuckDB maps each character alone to one character. A contact suppressed by Python's
#   key is not found by DuckDB's key.
# Versions: DuckDB 2.0.0, polars 2.1.0, Python 3.11.
# Seen:
#   ANN@example.com: Python and polars agree, Python and DuckDB agree
#   ΑΛΕΞΗΣ@example.com: Python and polars agree, Python and DuckDB differ
#   İREM@example.com: Python and polars agree, Python and DuckDB differ
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0 polars==2.1.0

cat > "$folder/see.py" <<'PY'
import sys
from hashlib import sha256
import duckdb
import polars as pl


def key(text):
    return sha256(text.encode()).hexdigest()


seen = []
for address in ("ANN@example.com", "ΑΛΕΞΗΣ@example.com", "İREM@example.com"):
    in_python = key(address.lower())
    in_polars = key(pl.Series([address]).str.to_lowercase()[0])
    (in_duckdb,) = duckdb.execute("select sha256(lower($text))", {"text": address}).fetchone()
    agree = [in_python == in_polars, in_python == in_duckdb]
    words = ["agree" if same else "differ" for same in agree]
    print(f"{address}: Python and polars {words[0]}, Python and DuckDB {words[1]}")
    seen.append(agree)
sys.exit(seen != [[True, True], [True, False], [True, False]])
PY
PYTHONUTF8=1 "$folder/venv/bin/python" "$folder/see.py" ||
  { echo "The behaviour has changed." >&2; exit 1; }
