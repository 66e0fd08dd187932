"""Compare two replay results: the contacts with different segments, scores or firings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

_COMPARISONS = {
    "membership": """
        select
            day, segment, contact_id,
            case when usual.day is null then 'enters' else 'is out' end as change
        from (select *, true as here from segments.membership_daily) as usual
        full join (select *, true as here from changed.segments.membership_daily) as changed
            using (day, segment, contact_id)
        where usual.here is null or changed.here is null
        order by all
    """,
    "scores": """
        select day, score, contact_id, usual.points, changed.points as changed_points
        from scores.daily as usual
        full join changed.scores.daily as changed using (day, score, contact_id)
        where usual.points is distinct from changed.points
        order by all
    """,
    "firings": """
        select
            trigger, contact_id, firing_id,
            usual.decided_at, changed.decided_at as changed_decided_at
        from decisions.trigger_firings as usual
        full join changed.decisions.trigger_firings as changed
            using (trigger, contact_id, firing_id)
        where usual.decided_at is distinct from changed.decided_at
        order by all
    """,
}

_COUNTS = """
    select
        'segments' as kind, segment as name,
        count(distinct contact_id) filter (where change = 'enters') as gains,
        count(distinct contact_id) filter (where change = 'is out') as losses,
        0 as moves
    from what_if.membership
    group by segment
    union all
    select
        'scores', score,
        count(distinct contact_id)
            filter (where coalesce(changed_points, 0) > coalesce(points, 0)),
        count(distinct contact_id)
            filter (where coalesce(changed_points, 0) < coalesce(points, 0)),
        0
    from what_if.scores
    group by score
    union all
    select
        'triggers', trigger,
        count(*) filter (where not fires),
        count(*) filter (where not would_fire),
        count(*) filter (where fires and would_fire)
    from (
        select
            trigger, contact_id,
            exists (
                select 1 from decisions.trigger_firings as usual
                where usual.trigger = firings.trigger and usual.contact_id = firings.contact_id
            ) as fires,
            exists (
                select 1 from changed.decisions.trigger_firings as changed
                where changed.trigger = firings.trigger and changed.contact_id = firings.contact_id
            ) as would_fire
        from what_if.firings as firings
        group by all
    ) as contacts
    group by trigger
    order by all
"""


@dataclass(frozen=True)
class Difference:
    """The number of contacts that differ with the changed parameters, on any day.

    Attributes:
        kind: segments, scores or triggers.
        name: the name of the segment, score or trigger.
        gains: contacts that additionally are in the segment, score higher, or fire.
        losses: contacts that no longer are in the segment, score lower, or no longer fire.
        moves: contacts that fire in both results, at different times.
    """

    kind: str
    name: str
    gains: int
    losses: int
    moves: int

    def as_dict(self) -> dict[str, Any]:
        """The difference as JSON types."""
        return asdict(self)


def compare(
    usual: Path, changed: Path, parameters: Mapping[str, tuple[float, float]]
) -> list[Difference]:
    """Write the differences between two results into the first result.

    `what_if.membership`, `what_if.scores` and `what_if.firings` get one row per difference: a row
    that only one result has, or with different values. `what_if.parameters` lists the changed
    parameters.

    Args:
        usual: the result with the parameters of the settings.
        changed: the result with the changed parameters.
        parameters: by name, the value of the settings and the changed value.
    """
    with duckdb.connect(str(usual)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("attach ? as changed (read_only)", [str(changed)])
        connection.execute("create schema what_if")
        connection.execute(
            """create table what_if.parameters as
            select unnest($names) as name, unnest($old) as value, unnest($new) as changed_value""",
            {
                "names": list(parameters),
                "old": [old for old, _ in parameters.values()],
                "new": [new for _, new in parameters.values()],
            },
        )
        for table, query in _COMPARISONS.items():
            connection.execute(f"create table what_if.{table} as {query}")
        rows = connection.execute(_COUNTS).fetchall()
        connection.execute("detach changed")
    return [Difference(*row) for row in rows]
