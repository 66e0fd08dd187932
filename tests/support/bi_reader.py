"""A BI tool in a process of its own: opens the serving file over and over, and says what it saw.

    python -m tests.support.bi_reader FILE

It reads until its standard input is closed. Anything that is not a whole table is an error.
"""

from __future__ import annotations

import json
import select
import sys

import duckdb

# One statement, one answer: what the tables hold, and whether they are of the same tick.
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
