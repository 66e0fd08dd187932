#!/usr/bin/env bash
# In DuckDB, `interval 1.5 day` is one day and `interval 0.5 hour` is no time at all.
#
# Expected: 36 hours and 30 minutes, or an error. DuckDB reads the quoted '1.5 days' as 36 hours,
#   and 1.5 * interval 1 day is 36 hours too.
# Happens: outside one quoted text, the number is cut to a whole number. This also holds for a
#   column: interval (wait) day. A step that waits 0.5 hours is due at once.
#   `interval '1.5' day`, the form of the SQL standard, is cut as well.
# Versions: DuckDB 2.0.0, Python 3.11.
# Seen:
#   interval 1.5 day = 1 day, 0:00:00
#   interval '1.5' day = 1 day, 0:00:00
#   interval (wait) day = 1 day, 0:00:00
#   interval '1.5 days' = 1 day, 12:00:00
#   wait * interval 1 day = 1 day, 12:00:00
#   interval 0.5 hour = 0:00:00
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0

cat > "$folder/see.py" <<'PY'
import sys
from datetime import timedelta
import duckdb

DAY, HALF = timedelta(days=1), timedelta(hours=36)
EXPECTED = {
    "interval 1.5 day": DAY,
    "interval '1.5' day": DAY,
    "interval (wait) day": DAY,
    "interval '1.5 days'": HALF,
    "wait * interval 1 day": HALF,
    "interval 0.5 hour": timedelta(0),
}
seen = {}
for text in EXPECTED:
    (seen[text],) = duckdb.execute(f"select {text} from (values (1.5)) as steps(wait)").fetchone()
    print(f"{text} = {seen[text]}")
sys.exit(seen != EXPECTED)
PY
"$folder/venv/bin/python" "$folder/see.py" || { echo "The behaviour has changed." >&2; exit 1; }
