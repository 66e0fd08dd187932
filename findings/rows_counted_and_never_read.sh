#!/usr/bin/env bash
# An insert without rows before a large insert: DuckDB counts the rows of the second, and reads none.
#
# Expected: a statement that inserts nothing changes nothing.
# Happens: one transaction inserts an empty result into a table, and then more rows than a row group
#   has (122,880). Within the transaction and after its commit, count(*) gives all rows, and every
#   other reading gives none. There is no error. With one thread, or with
#   preserve_insertion_order = false, all rows are there. A loader that first copies an empty file
#   and then a large file in one transaction loses the large file.
# Versions: DuckDB 2.0.0, Python 3.11.
# Seen:
#   two threads: count(*) 200000, rows read 0
#   one thread: count(*) 200000, rows read 200000
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
cd "$folder"

cat > see.py <<'PY'
import sys
import duckdb


def load(threads: int) -> tuple[int, int]:
    with duckdb.connect(f"shop-{threads}.duckdb") as connection:
        connection.execute(f"set threads = {threads}")
        connection.execute("create table export as select 'row ' || n as line from range(200000) t(n)")
        connection.execute("create table orders (line varchar)")
        connection.execute("begin")
        connection.execute("insert into orders select line from export where line = 'none'")
        connection.execute("insert into orders from export")
        connection.execute("commit")
        ((counted,),) = connection.execute("select count(*) from orders").fetchall()
        return counted, len(connection.execute("select line from orders").fetchall())


two, one = load(2), load(1)
for name, (counted, read) in (("two threads", two), ("one thread", one)):
    print(f"{name}: count(*) {counted}, rows read {read}")
sys.exit((two, one) != ((200000, 0), (200000, 200000)))
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
