#!/usr/bin/env bash
# DuckDB's strict CSV reader takes a row with one value too many, if that value reads as null.
#
# Expected: strict_mode = true refuses each row with more values than the header has columns.
# Happens: one surplus value at the end of a row is dropped without an error if it equals `nullstr`,
#   which is the empty string by default. So a row that is shifted by a surplus delimiter lands with
#   its values in the wrong columns, and store_rejects stays empty. Any other surplus is refused.
# Versions: DuckDB 2.0.0, Python 3.11.
# Seen:
#   surplus value '': [('1', 'ann@x.example', 'yes'), ('2', 'Smith', 'bob@x.example')]
#   surplus value 'no': refused
#   surplus value '', nullstr another: refused
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
cd "$folder"

cat > see.py <<'PY'
import sys
import duckdb


def read(surplus: str, **options: str) -> object:
    with open("contacts.csv", "w", encoding="utf-8") as file:
        file.write("id,email,consent\n1,ann@x.example,yes\n")
        file.write(f"2,Smith,bob@x.example,{surplus}\n")
    given = "".join(f", {name} = '{value}'" for name, value in options.items())
    try:
        return duckdb.sql(
            "from read_csv('contacts.csv', header = true, delim = ',', quote = '\"',"
            f" strict_mode = true, all_varchar = true, auto_detect = false{given},"
            " columns = {id: 'varchar', email: 'varchar', consent: 'varchar'})"
        ).fetchall()
    except duckdb.Error:
        return "refused"


seen = [read(""), read("no"), read("", nullstr="\\N")]
for name, rows in zip(("surplus value ''", "surplus value 'no'", "surplus value '', nullstr another"), seen):
    print(f"{name}: {rows}")
sys.exit(
    seen
    != [
        [("1", "ann@x.example", "yes"), ("2", "Smith", "bob@x.example")],
        "refused",
        "refused",
    ]
)
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
