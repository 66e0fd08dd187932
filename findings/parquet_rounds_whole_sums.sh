#!/usr/bin/env bash
# The sum of a BIGINT column is exact in DuckDB and in polars, and rounded in Parquet between them.
#
# Expected: DuckDB writes the sum of whole numbers to Parquet as a whole number.
# Happens: sum() of BIGINT is HUGEINT. Parquet has no such type, and DuckDB writes DOUBLE without a
#   warning, also for small sums. Counters and amounts in cents become floating-point columns for
#   each reader of the file, and beyond 2^53 they are wrong. The direct way to polars is exact.
# Versions: DuckDB 2.0.0, polars 2.1.0, pyarrow 26.0.1, Python 3.11.
# Seen:
#   DuckDB: HUGEINT 9007199254740993
#   DuckDB to polars: Decimal(precision=38, scale=0) 9007199254740993
#   DuckDB to Parquet to polars: Float64 9007199254740992.0
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  duckdb==2.0.0 polars==2.1.0 pyarrow==26.0.1
cd "$folder"

cat > see.py <<'PY'
import sys
import duckdb
import polars as pl

duckdb.execute("create table orders as select unnest([9007199254740992, 1]) as cents")
query = "select sum(cents) as cents from orders"
duckdb.sql(query).write_parquet("sums.parquet")
((kind, total),) = duckdb.sql(f"select typeof(cents), cents from ({query})").fetchall()
direct = duckdb.sql(query).pl()
stored = pl.read_parquet("sums.parquet")
seen = [
    (kind, total),
    (str(direct.schema["cents"]), direct["cents"][0]),
    (str(stored.schema["cents"]), stored["cents"][0]),
]
for way, (kind, value) in zip(("DuckDB", "DuckDB to polars", "DuckDB to Parquet to polars"), seen):
    print(f"{way}: {kind} {value}")
exact = 9007199254740993
sys.exit(
    (seen[0], seen[1][1] == exact, seen[2]) != (("HUGEINT", exact), True, ("Float64", float(exact)))
)
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
