#!/usr/bin/env bash
# `sqlfluff fix` with its own defaults renames the columns of a CRM upload.
#
# Expected: `fix` changes the layout of SQL. It keeps the quotes of "FirstName", which hold its
#   capital letters, as it does for PostgreSQL and Snowflake.
# Happens: in the DuckDB dialect sqlfluff finds the quotes unnecessary (RF06), because DuckDB
#   compares names without case. It then makes the bare name lowercase like its neighbours. But
#   DuckDB writes an output column as it is named, so the file for the CRM has other headers.
# Versions: sqlfluff 4.4.0, DuckDB 2.0.0, Python 3.11.
# Seen:
#   before: contact_id,FirstName
#   after, dialect duckdb: contact_id,firstname
#   after, dialect postgres: contact_id,FirstName
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  sqlfluff==4.4.0 duckdb==2.0.0
cd "$folder"

header() {
  venv/bin/python -c 'import duckdb, sys
duckdb.execute("create table contacts as select 1 as contact_id, 0 as first_name")
duckdb.sql(open(sys.argv[1]).read()).write_csv("upload.csv")
print(open("upload.csv").readline().strip())' "$1"
}
cat > before.sql <<'SQL'
select
    contact_id,
    first_name as "FirstName"
from contacts
SQL
cp before.sql duckdb.sql
cp before.sql postgres.sql
for dialect in duckdb postgres; do
  venv/bin/sqlfluff fix --quiet --dialect "$dialect" "$dialect.sql" > log 2>&1 ||
    { cat log; exit 1; }
done
before=$(header before.sql)
duckdb=$(header duckdb.sql)
postgres=$(header postgres.sql)
echo "before: $before"
echo "after, dialect duckdb: $duckdb"
echo "after, dialect postgres: $postgres"
kept=contact_id,FirstName
[ "$before $duckdb $postgres" = "$kept contact_id,firstname $kept" ] ||
  { echo "The behaviour has changed." >&2; exit 1; }
