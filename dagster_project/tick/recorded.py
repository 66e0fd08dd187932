"""A tick with a record for Dagster's UI: what `sendhouse tick` and `sendhouse run` run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.project.dbt import DbtError
from dagster_project.tick import record as records
from dagster_project.tick import stages
from dagster_project.tick.record import Record
from dagster_project.tick.report import TickReport
from dagster_project.tick.stages import Done


def recorded_tick(
    settings: Settings,
    *,
    by: str,
    as_of: datetime | None = None,
    send: bool = True,
    is_stopping: Callable[[], bool] = lambda: False,
    build: stages.Build = stages.decide,
) -> TickReport:
    """Run one tick and write its record; the caller holds the warehouse.

    Args:
        settings: the installation.
        by: the command that runs the tick, for the record.
        as_of: the clock; see `clock.next_clock`.
        send: whether to run the stage `dispatch`.
        is_stopping: asked before each send; after a yes, the sends stay due.
        build: builds and tests the models.

    Returns:
        The report. The failure of a stage is one of its `errors`.

    Raises:
        ClockError: the instant is in the future, or before the last tick; nothing is recorded.
        DbtError: the project does not parse.
    """
    record, done = records.begin(settings, by), Done()
    try:
        report = stages.tick(
            settings, as_of, send=send, is_stopping=is_stopping, build=build, done=done
        )
    except Exception as error:
        if done.stage is None:
            records.path_of(settings, record).unlink()
            raise
        message = f"{done.stage.name.lower()}: {str(error) or type(error).__name__}"
        record.trace = traceback.format_exc()
        report = done.report(settings, [message])
        _finish(settings, record, done, report)
        if isinstance(error, DbtError) and done.nodes is None:
            raise
        return report
    _finish(settings, record, done, report)
    return report


def _finish(settings: Settings, record: Record, done: Done, report: TickReport) -> None:
    """Write the end of a tick into its record."""
    record.ended = datetime.now(UTC)
    record.report = report.as_dict()
    record.seconds = {stage.name.lower(): spent for stage, spent in done.seconds.items()}
    record.nodes = done.nodes or []
    if record.nodes:
        record.rows = rows_by_table(settings)
    if done.landed:
        record.files = [str(one) for one in (*done.landed.fetched, *done.landed.files)]
    if done.sent:
        record.problems = [
            f"send {one.send_id} {one.status}: {one.detail}" for one in done.sent.problems
        ]
    records.write(settings, record)


def rows_by_table(settings: Settings) -> dict[str, int]:
    """The rows of each table of the warehouse, by `schema.table`."""
    with warehouse.connect(settings.warehouse_path) as connection:
        counts = warehouse.row_counts(connection)
    return {f"{schema}.{table}": rows for (schema, table), rows in counts.items()}
