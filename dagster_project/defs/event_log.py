"""Dagster's event log in one SQLite file with kept connections.

Dagster's own SQLite storage opens a new engine, connection and transaction for each event, and
makes a file of a hundred kilobytes for each run. `dagster.yaml` names this class instead.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from threading import local
from typing import Any

import sqlalchemy
import sqlalchemy.event
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.engine import Connection, Engine

from dagster_project.home import warehouse

# Where Dagster's own storage, which earlier versions used, keeps the events of assets.
_EARLIER = Path("history", "runs", "index.db")


class EventLog(ConsolidatedSqliteEventLogStorage):
    """The event log of all runs, in `<base_dir>/event_log.db`."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:  # noqa: ANN401
        self._batch = local()
        # `sendhouse ui` starts several processes together; one of them creates the file.
        lock = Path(base_dir, "event_log.lock")
        with warehouse.exclusive(lock, "Dagster", 60, resource="Dagster's event log"):
            _take_over(Path(base_dir, _EARLIER), Path(base_dir, "event_log.db"))
            super().__init__(base_dir, inst_data)
        self._watcher = SqlPollingEventWatcher(self)

    @cached_property
    def _engine(self) -> Engine:
        options = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        engine = sqlalchemy.create_engine(self._conn_string, connect_args=options)

        # Without `normal`, each commit waits for the disk. A power failure can cost the last runs.
        @sqlalchemy.event.listens_for(engine, "connect")
        def _(connection: Any, _: object) -> None:  # noqa: ANN401 - a DB-API connection
            connection.execute("pragma synchronous = normal")

        return engine

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        open_batch = getattr(self._batch, "connection", None)
        if open_batch is not None:
            yield open_batch
            return
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Store the events of the block, in this thread, in one transaction."""
        with self._engine.begin() as connection:
            self._batch.connection = connection
            try:
                yield
            finally:
                self._batch.connection = None

    # Dagster's watcher waits for changes of the file itself, but the changes are in its WAL.
    def watch(self, run_id: str, cursor: str | None, callback: Any) -> None:  # noqa: ANN401
        """Call back for each new event of a run."""
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: Any) -> None:  # noqa: ANN401
        """End `watch`."""
        self._watcher.unwatch_run(run_id, handler)

    def dispose(self) -> None:
        """End all watches and close all connections."""
        self._watcher.close()
        self._engine.dispose()

    def runs_with_newest_rows(self) -> set[str]:
        """The runs with the newest materialization of an asset, or the newest result of a check."""
        with self._connect() as connection:
            return {*connection.execute(sqlalchemy.text(_NEWEST)).scalars()}

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete the events of runs, and the results of their checks."""
        with self.batch(), self._connect() as connection:
            for run_id in run_ids:
                self.delete_events(run_id)
                connection.execute(sqlalchemy.text(_FORGET_CHECKS), {"run_id": run_id})


_NEWEST = """
    select run_id from event_logs
    where id in (
        select max(id) from event_logs
        where dagster_event_type = 'ASSET_MATERIALIZATION' group by asset_key
    )
    union
    select run_id from asset_check_executions
    where id in (select max(id) from asset_check_executions group by asset_key, check_name)
"""
_FORGET_CHECKS = "delete from asset_check_executions where run_id = :run_id"


def _take_over(earlier: Path, path: Path) -> None:
    """Copy the events of assets, checks and runs from Dagster's own storage: the same tables."""
    if path.exists() or not earlier.exists():
        return
    unfinished = path.with_suffix(".next")
    with closing(sqlite3.connect(earlier)) as source, closing(sqlite3.connect(unfinished)) as copy:
        source.backup(copy)
    unfinished.replace(path)
    shutil.rmtree(earlier.parent)  # also the events of single steps, in a file per run
