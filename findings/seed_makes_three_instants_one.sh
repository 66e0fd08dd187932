#!/usr/bin/env bash
# A dbt seed on DuckDB turns three different instants into one.
#
# Expected: dbt reads "2026-03-18T09:00:00+02:00" in a seed as a time with an offset. The seed has
#   either an instant (TIMESTAMP WITH TIME ZONE), the UTC time, or an error.
# Happens: dbt reads the offsets while it guesses the column's type, and settles on TIMESTAMP.
#   dbt-duckdb then has DuckDB load the file itself, and DuckDB drops an offset when it reads a
#   TIMESTAMP. 07:00, 09:00 and 14:00 UTC are all stored as 09:00, without a warning.
#   With column_types: {said_at: timestamptz} the instants are right.
# Versions: dbt-core 1.11.16, dbt-duckdb 1.11.1, DuckDB 2.0.0, Python 3.11.
# Seen:
#   guessed TIMESTAMP: 1 different time of 3
#   declared TIMESTAMP WITH TIME ZONE: 3 different times of 3
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  dbt-core==1.11.16 dbt-duckdb==1.11.1 duckdb==2.0.0
cd "$folder"
export DBT_PROFILES_DIR="$folder" DBT_SEND_ANONYMOUS_USAGE_STATS=false

cat > dbt_project.yml <<'YAML'
name: consent
profile: consent
seeds:
  consent:
    declared:
      +column_types: {said_at: timestamptz}
YAML
cat > profiles.yml <<'YAML'
consent:
  target: dev
  outputs:
    dev: {type: duckdb, path: consent.duckdb, settings: {TimeZone: UTC}}
YAML
mkdir seeds
cat > seeds/guessed.csv <<'CSV'
contact_id,said_at
1,2026-03-18T09:00:00+02:00
2,2026-03-18T09:00:00Z
3,2026-03-18T09:00:00-05:00
CSV
cp seeds/guessed.csv seeds/declared.csv
venv/bin/dbt --quiet seed

cat > see.py <<'PY'
import sys
import duckdb

seen = {}
for seed in ("guessed", "declared"):
    kind, times, rows = duckdb.connect("consent.duckdb").execute(
        f"select any_value(typeof(said_at)), count(distinct said_at), count(*) from {seed}"
    ).fetchone()
    seen[seed] = (kind, times)
    print(f"{seed} {kind}: {times} different time{'s' * (times > 1)} of {rows}")
sys.exit(seen != {"guessed": ("TIMESTAMP", 1), "declared": ("TIMESTAMP WITH TIME ZONE", 3)})
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
