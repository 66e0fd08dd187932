#!/usr/bin/env bash
# One hour a year, Dagster's partition key has another format, and DuckDB reads its twin as the
# wrong hour.
#
# Expected: the 25 hourly partitions of the day on which summer time ends have keys of one format.
#   timezone(zone, strptime(key, format)) in DuckDB gives the start of each partition.
# Happens: Dagster gives the first 02:00 the plain key and adds the offset to the key of the second.
#   try_strptime gives null for that key. DuckDB takes a local time that occurs twice as the second,
#   so the plain key selects the rows of the second hour. The rows of the first hour are in no
#   partition, and each run is green.
# Versions: dagster 1.13.27, DuckDB 2.0.0, Python 3.11.
# Seen:
#   keys of 2026-10-25 in Europe/Berlin: 25
#   2026-10-25-01:00 starts at 23:00 UTC; DuckDB reads 23:00
#   2026-10-25-02:00 starts at 00:00 UTC; DuckDB reads 01:00
#   2026-10-25-02:00+0100 starts at 01:00 UTC; DuckDB reads None
#   2026-10-25-03:00 starts at 02:00 UTC; DuckDB reads 02:00
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dagster==1.13.27 duckdb==2.0.0

cat > "$folder/see.py" <<'PY'
import sys
from datetime import UTC, datetime
import dagster as dg
import duckdb

ZONE = "Europe/Berlin"
hours = dg.HourlyPartitionsDefinition(start_date="2026-10-25-00:00", timezone=ZONE)
keys = hours.get_partition_keys(current_time=datetime(2026, 10, 25, 23, tzinfo=UTC))
print(f"keys of 2026-10-25 in {ZONE}: {len(keys)}")
connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
seen = {}
for key in keys[1:5]:
    starts = hours.time_window_for_partition_key(key).start.astimezone(UTC).strftime("%H:%M")
    (reads,) = connection.execute(
        """select strftime(timezone($zone, try_strptime($key, '%Y-%m-%d-%H:%M')), '%H:%M')""",
        {"zone": ZONE, "key": key},
    ).fetchone()
    print(f"{key} starts at {starts} UTC; DuckDB reads {reads}")
    seen[key] = (starts, reads)
sys.exit(
    seen
    != {
        "2026-10-25-01:00": ("23:00", "23:00"),
        "2026-10-25-02:00": ("00:00", "01:00"),
        "2026-10-25-02:00+0100": ("01:00", None),
        "2026-10-25-03:00": ("02:00", "02:00"),
    }
)
PY
"$folder/venv/bin/python" "$folder/see.py" || { echo "The behaviour has changed." >&2; exit 1; }
