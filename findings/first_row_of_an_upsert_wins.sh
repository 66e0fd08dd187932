#!/usr/bin/env bash
# DuckDB keeps the first of two rows in one upsert; SQLite keeps the last with the same statement.
#
# Expected: an export that names a contact twice is applied in order, so the later row wins
#   (SQLite), or the statement is rejected (PostgreSQL: "cannot affect row a second time").
# Happens: DuckDB applies the first row of a key and drops the others of the same statement. This
#   also holds for "insert or replace", and for a key that was in the table before. A withdrawn
#   consent in a later row is lost without an error. "merge into" rejects such rows.
# Versions: DuckDB 2.0.0, SQLite of Python 3.11.
# Seen:
#   insert or replace: SQLite no, DuckDB yes
#   on conflict do update: SQLite no, DuckDB yes
#   merge into: DuckDB raises InvalidInputException
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0

cat > "$folder/see.py" <<'PY'
import sqlite3
import sys
import duckdb

ROWS = "values (1, 'yes'), (1, 'no')"
STATEMENTS = {
    "insert or replace": f"insert or replace into consents {ROWS}",
    "on conflict do update": f"""insert into consents {ROWS}
        on conflict (contact_id) do update set consent = excluded.consent""",
}
seen = []
for name, statement in STATEMENTS.items():
    kept = []
    for connection in (sqlite3.connect(":memory:"), duckdb.connect()):
        connection.execute("create table consents (contact_id integer primary key, consent text)")
        connection.execute("insert into consents values (1, 'unknown')")
        connection.execute(statement)
        kept.append(connection.execute("select consent from consents").fetchone()[0])
    print(f"{name}: SQLite {kept[0]}, DuckDB {kept[1]}")
    seen.append(kept)
merged = "nothing"
try:
    connection.execute(
        f"""merge into consents using ({ROWS}) as export(contact_id, consent) using (contact_id)
        when matched then update set consent = export.consent"""
    )
except duckdb.Error as error:
    merged = type(error).__name__
print(f"merge into: DuckDB raises {merged}")
sys.exit((seen, merged) != ([["no", "yes"]] * 2, "InvalidInputException"))
PY
"$folder/venv/bin/python" "$folder/see.py" || { echo "The behaviour has changed." >&2; exit 1; }
