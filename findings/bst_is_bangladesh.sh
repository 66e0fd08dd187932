#!/usr/bin/env bash
# DuckDB reads "12:00 BST" as a time in Bangladesh.
#
# Expected: BST is British Summer Time (as in PostgreSQL), or an unknown zone. CRM exports write
#   such abbreviations behind a time, and contacts have them as their time zone.
# Happens: DuckDB has the short zone names of the ICU library. There BST is Bangladesh, AST (the
#   Atlantic coast) is Alaska, and ECT (Ecuador) is Paris. They name whole zones, so PST in July is
#   UTC-7. pg_timezone_names() lists them, so a check against this list lets them in. Python's
#   zoneinfo knows none of the four, and DuckDB itself rejects CEST, EDT and PDT.
# Versions: DuckDB 2.0.0, Python 3.11.
# Seen:
#   2026-07-01 12:00 BST is 06:00 UTC; pg_timezone_names: yes; zoneinfo: no
#   2026-07-01 12:00 AST is 20:00 UTC; pg_timezone_names: yes; zoneinfo: no
#   2026-07-01 12:00 ECT is 10:00 UTC; pg_timezone_names: yes; zoneinfo: no
#   2026-07-01 12:00 PST is 19:00 UTC; pg_timezone_names: yes; zoneinfo: no
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0 tzdata==2026.6

cat > "$folder/see.py" <<'PY'
import sys
from zoneinfo import available_timezones
import duckdb

connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
listed = {name for (name,) in connection.execute("select name from pg_timezone_names()").fetchall()}
seen = []
for zone in ("BST", "AST", "ECT", "PST"):
    (time,) = connection.execute(
        "select strftime(cast($text as timestamptz), '%H:%M')", {"text": f"2026-07-01 12:00 {zone}"}
    ).fetchone()
    known = ["yes" if zone in names else "no" for names in (listed, available_timezones())]
    print(f"2026-07-01 12:00 {zone} is {time} UTC;", end=" ")
    print(f"pg_timezone_names: {known[0]}; zoneinfo: {known[1]}")
    seen.append((time, *known))
sys.exit(seen != [(time, "yes", "no") for time in ("06:00", "20:00", "10:00", "19:00")])
PY
# An empty path has Python use the tzdata package, not the zones of the system.
PYTHONTZPATH='' "$folder/venv/bin/python" "$folder/see.py" ||
  { echo "The behaviour has changed." >&2; exit 1; }
