#!/usr/bin/env bash
# An incremental dbt model takes in a new column and silently drops a new field of a struct.
#
# Expected: on_schema_change: append_new_columns adds what is new. A field that cannot be added to a
#   STRUCT column stops the run, because the inserted value does not have the column's type.
# Happens: dbt sees a column of the same name and leaves its type alone. DuckDB casts one STRUCT to
#   another by the names of the fields, and drops each field that the target does not have. The run
#   is green, and the bounce code of each later event is lost. With sync_all_columns the field
#   arrives; with fail the run stops.
# Versions: dbt-core 1.11.16, dbt-duckdb 1.11.1, DuckDB 2.0.0, Python 3.11.
# Seen:
#   append_new_columns: source ses, payload {'kind': 'bounce'}
#   sync_all_columns: source ses, payload {'kind': 'bounce', 'code': '5.1.1'}
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  dbt-core==1.11.16 dbt-duckdb==1.11.1 duckdb==2.0.0
cd "$folder"
export DBT_PROFILES_DIR="$folder" DBT_SEND_ANONYMOUS_USAGE_STATS=false

cat > dbt_project.yml <<'YAML'
name: events
profile: events
YAML
cat > profiles.yml <<'YAML'
events:
  target: dev
  outputs:
    dev: {type: duckdb, path: events.duckdb}
YAML
mkdir models
for change in append_new_columns sync_all_columns; do
  cat > "models/$change.sql" <<SQL
{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='$change'
) }}
{% if is_incremental() %}
    select 2 as event_id, {'kind': 'bounce', 'code': '5.1.1'} as payload, 'ses' as source
{% else %}
    select 1 as event_id, {'kind': 'bounce'} as payload
{% endif %}
SQL
done
venv/bin/dbt --quiet run
venv/bin/dbt --quiet run

cat > see.py <<'PY'
import sys
import duckdb

seen = {}
for model in ("append_new_columns", "sync_all_columns"):
    source, payload = duckdb.connect("events.duckdb").execute(
        f"select source, payload from {model} where event_id = 2"
    ).fetchone()
    print(f"{model}: source {source}, payload {payload}")
    seen[model] = (source, payload.get("code"))
sys.exit(seen != {"append_new_columns": ("ses", None), "sync_all_columns": ("ses", "5.1.1")})
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
