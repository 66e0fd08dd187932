"""A warehouse beside the live one, in which the clock can stand at any day.

`raw` are views of the live file, which is attached read-only: nothing is copied, and staging keeps
what was received by the clock. What was decided about other things than segments and triggers is
given as it was known then: who is who, what was sent. So a contact has the id that it had.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.sql import identifier
from dagster_project.home.warehouse import Clock
from dagster_project.replay.plan import Plan

# When something was decided, where the column has another name than decided_at.
_DECIDED_AT = {"enrollment_starts": "enrolled_at", "enrollment_exits": "exited_at"}
# Decided by every tick about what landed, so that a replay is given what was decided then.
_IDENTITY = {"contact_keys": ("key_kind", "key"), "contact_merges": ("merge_id",)}

# Whom no tick had met yet the models name themselves. Where a later tick named the same person
# otherwise, its name is the one that the rest of the warehouse knows.
_NOTE_RECORDED_IDS = """
    insert or ignore into recorded_ids
    select own.contact_id, min(told.contact_id)
    from decisions.contact_keys as own
    inner join live.decisions.contact_keys as told
        on own.key_kind = told.key_kind and own.key = told.key
    anti join live.decisions.contact_keys as known on own.contact_id = known.contact_id
    where own.decided_at = $clock
    group by own.contact_id
"""
_WITH_RECORDED_IDS = (
    """
    create or replace table result.segments.membership_daily as
    select distinct day, segment, coalesce(recorded, contact_id) as contact_id
    from result.segments.membership_daily
    left join recorded_ids on contact_id = decided
    order by all
    """,
    """
    create or replace table result.scores.daily as
    select
        day, score, coalesce(recorded, contact_id) as contact_id,
        cast(sum(points) as decimal(18, 4)) as points
    from result.scores.daily
    left join recorded_ids on contact_id = decided
    group by all
    order by all
    """,
    """
    update result.decisions.trigger_firings set contact_id = recorded
    from recorded_ids where contact_id = decided
    """,
)


@dataclass
class Scratch:
    """The warehouse of one replay.

    Attributes:
        home: its folder.
        connection: with the live warehouse attached as `live`, the result as `result`.
        plan: what is built in it.
        clock: where its clock stands.
    """

    home: Path
    connection: duckdb.DuckDBPyConnection
    plan: Plan
    clock: datetime | None = None

    def set_clock(self, as_of: datetime) -> None:
        """Go on to an instant: the clock, and who was who by then."""
        warehouse.set_clock(self.connection, Clock(as_of, is_simulated=True))
        for table, key in _IDENTITY.items():
            self._tell_of_identities(table, key, as_of)
        self.clock = as_of

    def set_parameters(self, parameters: Mapping[str, float]) -> None:
        """Change the numbers that models read, from the next build on."""
        warehouse.set_parameters(self.connection, parameters)

    def keep(self, day: date) -> None:
        """Write what the models say into the result, as of a day."""
        for segment in self.plan.names["segments"]:
            self.connection.execute(
                f"""insert into result.segments.membership_daily
                select distinct $day, $segment, contact_id from segments.{identifier(segment)}
                semi join (from contacts.contacts where ended_at is null) using (contact_id)
                order by all""",  # noqa: S608
                {"day": day, "segment": segment},
            )
        if self.plan.names["scores"]:
            self.connection.execute(
                """insert into result.scores.daily
                select $day, score, contact_id, points from scores.totals
                where score in (select unnest($scores)) order by all""",
                {"day": day, "scores": list(self.plan.names["scores"])},
            )
        if self.plan.builds("decisions", "contact_keys"):
            self.connection.execute(_NOTE_RECORDED_IDS, {"clock": self.clock})

    def finish(self, since: datetime) -> None:
        """Add what fired after an instant, and call contacts what they came to be called."""
        if self.plan.names["triggers"]:
            self.connection.execute(
                """insert into result.decisions.trigger_firings by name
                from decisions.trigger_firings
                where decided_at > $since and trigger in (select unnest($triggers))
                order by all""",
                {"since": since, "triggers": list(self.plan.names["triggers"])},
            )
        [(others,)] = self.connection.execute("select count(*) from recorded_ids").fetchall()
        if others:
            for query in _WITH_RECORDED_IDS:
                self.connection.execute(query)

    def _tell_of_identities(self, table: str, key: tuple[str, ...], as_of: datetime) -> None:
        """What ticks decided since the last day takes the place of what the models decided here."""
        if not self.plan.builds("decisions", table):
            return
        since = "" if self.clock is None else "and decided_at > $since"
        span = {"as_of": as_of} if self.clock is None else {"as_of": as_of, "since": self.clock}
        told = f"select * from live.decisions.{table} where decided_at <= $as_of {since}"  # noqa: S608
        same = " and ".join(f"told.{column} = {table}.{column}" for column in key)
        self.connection.execute("begin")
        self.connection.execute(
            f"delete from decisions.{table} using ({told}) as told where {same}",  # noqa: S608
            span,
        )
        self.connection.execute(f"insert into decisions.{table} by name {told}", span)
        self.connection.execute("commit")


@contextmanager
def open_scratch(
    settings: Settings, plan: Plan, result: Path, since: datetime
) -> Iterator[Scratch]:
    """Make a scratch warehouse, and remove it in the end.

    Args:
        settings: the installation, which this process holds.
        plan: what will be built.
        result: a file for what is to be kept; made here.
        since: up to when the segment changes and firings on record are given; later ones are the
            replay's own.
    """
    folder = scratch_folder(settings) / "warehouse"
    shutil.rmtree(folder, ignore_errors=True)  # of a replay that was killed
    path = folder / "warehouse.duckdb"
    warehouse.create(path)
    try:
        # Kept open: dbt's connections in this process share its database, and so what is attached.
        with warehouse.connect(path) as connection:
            connection.execute("attach ? as live (read_only)", [str(settings.warehouse_path)])
            connection.execute("attach ? as result", [str(result)])
            warehouse.set_parameters(connection, settings.parameters)
            _look_at_raw(connection)
            _look_at_decisions(connection, plan, since)
            _make_result(connection)
            yield Scratch(folder, connection, plan)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_folder(settings: Settings) -> Path:
    """Where replays work; only one process does at a time, the one that holds the warehouse."""
    return settings.home / "replay"


def _look_at_raw(connection: duckdb.DuckDBPyConnection) -> None:
    for name in _live_tables(connection, "raw"):
        connection.execute(f"drop table if exists raw.{identifier(name)}")
        connection.execute(
            f"create view raw.{identifier(name)} as from live.raw.{identifier(name)}"
        )


def _look_at_decisions(connection: duckdb.DuckDBPyConnection, plan: Plan, since: datetime) -> None:
    for name in _live_tables(connection, "decisions"):
        table = identifier(name)
        decided_at = _DECIDED_AT.get(name, "decided_at")
        if not plan.builds("decisions", name):
            connection.execute(f"drop table if exists decisions.{table}")
            connection.execute(
                f"""create view decisions.{table} as select * from live.decisions.{table}
                where {decided_at} <= (select as_of from control.clock)"""  # noqa: S608
            )
        elif name not in _IDENTITY:
            connection.execute(
                f"""insert into decisions.{table} by name
                from live.decisions.{table} where {decided_at} <= $since""",
                {"since": since},
            )


def _make_result(connection: duckdb.DuckDBPyConnection) -> None:
    for schema, table in (
        ("segments", "membership_daily"),
        ("scores", "daily"),
        ("decisions", "trigger_firings"),
    ):
        connection.execute(f"create schema result.{schema}")
        connection.execute(f"create table result.{schema}.{table} as from {schema}.{table} limit 0")
    connection.execute(
        "create temp table recorded_ids (decided varchar primary key, recorded varchar not null)"
    )


def _live_tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        """select table_name from duckdb_tables()
        where database_name = 'live' and schema_name = $schema order by all""",
        {"schema": schema},
    ).fetchall()
    return [name for (name,) in rows]
