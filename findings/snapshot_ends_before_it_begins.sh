#!/usr/bin/env bash
# A dbt snapshot on DuckDB closes a row hours before the row begins.
#
# Expected: dbt_valid_from and dbt_valid_to are on one clock. A contact that the source loses at the
#   second snapshot is valid from its updated_at to the time of that snapshot.
# Happens: the timestamp strategy copies updated_at (here UTC, TIMESTAMP) into dbt_valid_from.
#   hard_deletes: invalidate takes the snapshot's own time as dbt_valid_to. dbt-duckdb casts that
#   time from TIMESTAMP WITH TIME ZONE to TIMESTAMP, so it is local time of DuckDB's session zone.
#   West of Greenwich the row ends before it begins, and no "valid at" query ever finds it.
# Versions: dbt-core 1.11.16, dbt-duckdb 1.11.1, DuckDB 2.0.0, Python 3.11.
# Seen:
#   session zone UTC: valid_to is after valid_from
#   session zone America/New_York: valid_to is before valid_from
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  dbt-core==1.11.16 dbt-duckdb==1.11.1 duckdb==2.0.0
cd "$folder"
export DBT_PROFILES_DIR="$folder" DBT_SEND_ANONYMOUS_USAGE_STATS=false

cat > dbt_project.yml <<'YAML'
name: crm
profile: crm
YAML
cat > profiles.yml <<'YAML'
crm:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('WAREHOUSE') }}"
      settings: {TimeZone: "{{ env_var('ZONE') }}"}
YAML
mkdir snapshots
cat > snapshots/contact_versions.sql <<'SQL'
{% snapshot contact_versions %}
{{ config(
    unique_key='contact_id',
    strategy='timestamp',
    updated_at='updated_at',
    hard_deletes='invalidate'
) }}
select * from crm.contacts
{% endsnapshot %}
SQL

sql() {
  venv/bin/python -c 'import duckdb, sys
for row in duckdb.connect(sys.argv[1]).execute(sys.argv[2]).fetchall(): print(*row)' \
    "$WAREHOUSE" "$1"
}
order() {
  export ZONE=$1 WAREHOUSE=$2
  # The CRM wrote its UTC time one minute ago.
  sql "create schema crm;
    create table crm.contacts as
    select id as contact_id, timezone('UTC', now()) - interval '1 minute' as updated_at
    from range(2) as ids(id)" > sql.log
  venv/bin/dbt --quiet snapshot
  sql "delete from crm.contacts where contact_id = 1" > sql.log
  venv/bin/dbt --quiet snapshot
  sql "select case when dbt_valid_to < dbt_valid_from then 'before' else 'after' end
    from contact_versions where dbt_valid_to is not null"
}
utc=$(order UTC utc.duckdb)
echo "session zone UTC: valid_to is $utc valid_from"
west=$(order America/New_York west.duckdb)
echo "session zone America/New_York: valid_to is $west valid_from"
[ "$utc $west" = "after before" ] || { echo "The behaviour has changed." >&2; exit 1; }
