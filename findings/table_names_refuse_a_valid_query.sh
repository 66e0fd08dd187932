#!/usr/bin/env bash
# get_table_names of DuckDB refuses queries that run, and gives the tables behind a view.
#
# Expected: the list of tables of every query that DuckDB runs, as the query names them.
# Happens: a subquery in WHERE takes max() of a column. If a CTE of the outer query has a column of
#   the same name, the function takes the outer column for the argument, because it looks at tables
#   without their columns. It fails with "WHERE clause cannot contain aggregates". The query itself
#   runs. For a query of a view the function gives the tables of the view and not the view. The
#   names in json_serialize_sql are right in both cases.
# Versions: DuckDB 2.0.0, Python 3.11.
# Seen:
#   runs: [(2,)]
#   get_table_names: BinderException
#   get_table_names of a view: ['orders']
#   json_serialize_sql: ['marks', 'orders']
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
cd "$folder"

cat > see.py <<'PY'
import json
import sys
import duckdb

QUERY = """with new as (select number from orders)
    select * from new where number > (select max(number) from marks)"""


def tables(tree: object) -> set[str]:
    if isinstance(tree, list):
        return set().union(*map(tables, tree))
    if not isinstance(tree, dict):
        return set()
    own = {tree["table_name"]} if tree.get("type") == "BASE_TABLE" else set()
    return own.union(*map(tables, tree.values()))


connection = duckdb.connect()
connection.execute("create table orders as select unnest([1, 2]) as number")
connection.execute("create table marks as select 1 as number")
connection.execute("create view orders_seen as from orders")
runs = connection.execute(QUERY).fetchall()
try:
    found = str(sorted(connection.get_table_names(QUERY)))
except duckdb.Error as error:
    found = type(error).__name__
of_view = sorted(connection.get_table_names("select * from orders_seen"))
((text,),) = connection.execute("select json_serialize_sql($q)", {"q": QUERY}).fetchall()
parsed = sorted(tables(json.loads(text)) - {"new"})
print(f"runs: {runs}")
print(f"get_table_names: {found}")
print(f"get_table_names of a view: {of_view}")
print(f"json_serialize_sql: {parsed}")
seen = (runs, found, of_view, parsed)
sys.exit(seen != ([(2,)], "BinderException", ["orders"], ["marks", "orders"]))
PY
venv/bin/python see.py || { echo "The behaviour has changed." >&2; exit 1; }
