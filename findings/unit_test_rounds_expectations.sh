#!/usr/bin/env bash
# A dbt unit test on DuckDB passes although four of its four expected values are wrong.
#
# Expected: a unit test compares the expected rows with the rows of the model. An amount of 10.004
#   instead of 10.00 fails, and so does a time that is two hours away.
# Happens: dbt casts each expected value to the type of the model's column before the comparison.
#   DuckDB rounds numbers in that cast, drops the offset of a time that becomes TIMESTAMP, and
#   drops the time of day of a value that becomes DATE. What the cast removes cannot fail the test.
# Versions: dbt-core 1.11.16, dbt-duckdb 1.11.1, DuckDB 2.0.0, Python 3.11.
# Seen:
#   wrong by less than the column's type can hold: PASS=1
#   wrong by one cent: actual differs from expected
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  dbt-core==1.11.16 dbt-duckdb==1.11.1 duckdb==2.0.0
cd "$folder"
export DBT_PROFILES_DIR="$folder" DBT_SEND_ANONYMOUS_USAGE_STATS=false

cat > dbt_project.yml <<'YAML'
name: shop
profile: shop
YAML
cat > profiles.yml <<'YAML'
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, settings: {TimeZone: UTC}}
YAML
mkdir models
cat > models/orders.sql <<'SQL'
select
    cast(10.00 as decimal(18, 2)) as amount,
    cast(12 as integer) as items,
    timestamp '2026-03-18 09:00:00' as ordered_at,
    date '2026-03-18' as order_day
SQL
cat > models/orders.yml <<'YAML'
unit_tests:
  - name: lost_in_the_cast
    model: orders
    given: []
    expect:
      rows:
        - amount: 10.004
          items: 12.4
          ordered_at: "2026-03-18 09:00:00+02:00"
          order_day: "2026-03-18 23:59:59"
  - name: one_cent
    model: orders
    given: []
    expect:
      rows:
        - {amount: 10.01}
YAML

result() {
  venv/bin/dbt --no-use-colors test --select "orders,test_name:$1" > log 2>&1 || true
  grep -o -E 'PASS=1|actual differs from expected' log || { cat log >&2; exit 1; }
}
venv/bin/dbt --quiet run --empty
lost=$(result lost_in_the_cast)
cent=$(result one_cent)
echo "wrong by less than the column's type can hold: $lost"
echo "wrong by one cent: $cent"
[ "$lost, $cent" = "PASS=1, actual differs from expected" ] ||
  { echo "The behaviour has changed." >&2; exit 1; }
