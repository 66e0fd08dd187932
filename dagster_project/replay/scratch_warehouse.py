"""A temporary warehouse whose clock can be set to any past day.

The tables of `raw` are views of the copy of the live file (`snapshot.py`), attached read-only.
Staging keeps the rows received by the clock. Other live decisions (contact keys, merges, sends) are
limited to the clock, so a contact has its id of that day.
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
from dagster_project.project import versions
from dagster_project.replay.plan import Plan

# The time column of a decision, if not decided_at.
_DECIDED_AT = {"enrollment_starts": "enrolled_at", "enrollment_exits": "exited_at"}
# Identity decisions and their keys: a replay uses the decisions of the live ticks.
_IDENTITY = {"contact_keys": ("key_kind", "key"), "contact_merges": ("merge_id",)}

# The models give an id to a key that no live tick has seen by the clock. If a later live tick gives
# the key another id, the result uses the id of the live tick.
_NOTE_RECORDED_IDS = """
    insert or ignore into recorded_ids
    select own.contact_id, min(recorded.contact_id)
    from decisions.contact_keys as own
    inner join live.decisions.contact_keys as recorded
        on own.key_kind = recorded.key_kind and own.key = recorded.key
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
class ScratchWarehouse:
    """The warehouse of one replay.

    Attributes:
        home: the folder of the warehouse.
        connection: has the live warehouse attached as `live`, the result as `result`.
        plan: the models to build.
        clock: the instant that is set.
    """

    home: Path
    connection: duckdb.DuckDBPyConnection
    plan: Plan
    clock: datetime | None = None

    def set_clock(self, as_of: datetime) -> None:
        """Move the clock forward, and copy the identity decisions of the live ticks up to then."""
        warehouse.set_clock(self.connection, Clock(as_of, is_simulated=True))
        for table, key in _IDENTITY.items():
            self._copy_identity_decisions(table, key, as_of)
        self.clock = as_of

    def set_parameters(self, parameters: Mapping[str, float]) -> None:
        """Replace the parameters for the next builds."""
        warehouse.set_parameters(self.connection, parameters)

    def keep(self, day: date) -> None:
        """Copy segment members and score totals into the result, as rows of a day."""
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
        """Copy the firings after an instant; use the contact ids of later live ticks."""
        if self.plan.names["triggers"]:
            self.connection.execute(
                """insert into result.decisions.trigger_firings by name
                from decisions.trigger_firings
                where decided_at > $since and trigger in (select unnest($triggers))
                order by all""",
                {"since": since, "triggers": list(self.plan.names["triggers"])},
            )
        [(replaced,)] = self.connection.execute("select count(*) from recorded_ids").fetchall()
        if replaced:
            for query in _WITH_RECORDED_IDS:
                self.connection.execute(query)

    def _copy_identity_decisions(self, table: str, key: tuple[str, ...], as_of: datetime) -> None:
        """Replace decisions of this warehouse by the live decisions since the previous day."""
        if not self.plan.builds("decisions", table):
            return
        since = "" if self.clock is None else "and decided_at > $since"
        span = {"as_of": as_of} if self.clock is None else {"as_of": as_of, "since": self.clock}
        recorded = f"select * from live.decisions.{table} where decided_at <= $as_of {since}"  # noqa: S608
        same = " and ".join(f"recorded.{column} = {table}.{column}" for column in key)
        self.connection.execute("begin")
        self.connection.execute(
            f"delete from decisions.{table} using ({recorded}) as recorded where {same}",  # noqa: S608
            span,
        )
        [(copied,)] = self.connection.execute(
            f"insert into decisions.{table} by name {recorded}", span
        ).fetchall()
        if copied:
            versions.forget(self.connection, [f"decisions.{table}"])
        self.connection.execute("commit")


@contextmanager
def open_scratch(
    settings: Settings, live: Path, plan: Plan, result: Path, since: datetime
) -> Iterator[ScratchWarehouse]:
    """Create a scratch warehouse; remove it at the end of the block.

    Args:
        settings: the installation.
        live: the copy of its warehouse (`snapshot.take`).
        plan: the models to build.
        result: the result file, created here.
        since: live segment changes and firings up to this instant are copied; the replay decides
            later ones.
    """
    folder = live.parent / "warehouse"
    path = folder / "warehouse.duckdb"
    warehouse.create(path)
    try:
        # Stays open: dbt connections in this process share the database and its attached files.
        with warehouse.connect(path) as connection:
            connection.execute("attach ? as live (read_only)", [str(live)])
            connection.execute("attach ? as result", [str(result)])
            warehouse.set_parameters(connection, settings.parameters)
            _attach_raw(connection)
            _attach_decisions(connection, plan, since)
            _create_result(connection)
            yield ScratchWarehouse(folder, connection, plan)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _attach_raw(connection: duckdb.DuckDBPyConnection) -> None:
    for name in _live_tables(connection, "raw"):
        connection.execute(f"drop table if exists raw.{identifier(name)}")
        # A view has no rowid of its own, and staging reads the order of events from it.
        columns = "*, rowid" if name == "events" else "*"
        connection.execute(
            f"""create view raw.{identifier(name)} as
            select {columns} from live.raw.{identifier(name)}"""  # noqa: S608 - quoted
        )


def _attach_decisions(connection: duckdb.DuckDBPyConnection, plan: Plan, since: datetime) -> None:
    for name in _live_tables(connection, "decisions"):
        table = identifier(name)
        decided_at = _DECIDED_AT.get(name, "decided_at")
        if not plan.builds("decisions", name):
            connection.execute(f"drop table if exists decisions.{table}")
            connection.execute(
                f"""create view decisions.{table} as select * from live.decisions.{table}
                where {decided_at} <= (select as_of from control.known)"""  # noqa: S608
            )
        elif name not in _IDENTITY:
            connection.execute(
                f"""insert into decisions.{table} by name
                from live.decisions.{table} where {decided_at} <= $since""",
                {"since": since},
            )


def _create_result(connection: duckdb.DuckDBPyConnection) -> None:
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
