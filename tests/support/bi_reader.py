"""A BI tool in its own process: reads the serving file repeatedly and prints each new result.

    python -m tests.support.bi_reader FILE

The reader stops when its standard input is closed. An incomplete table is an error.
"""

from __future__ import annotations

import json
import select
import sys

import duckdb

# One statement reads all counts, so tables of different ticks show as a new result.
LOOK = """
    select
        (select count(*) from funnels.sends),
        (select count(sent_at) from funnels.sends),
        (select sum(sent)::bigint from funnels.sequence_steps),
        (select count(*) from segments.membership),
        (select count(*) from delivery.send_gates)
"""


def main() -> None:
    seen: dict[str, int] = {}
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        with duckdb.connect(sys.argv[1], read_only=True) as connection:
            look = json.dumps(connection.execute(LOOK).fetchall()[0])
        if look not in seen:
            sys.stdout.write(look + "\n")
        seen[look] = seen.get(look, 0) + 1
    sys.stdout.write(f"{sum(seen.values())}\n")


if __name__ == "__main__":
    main()
