"""The record of a tick: one small file, which Dagster's code location turns into a run.

A tick does not import Dagster, which takes longer than the rest of a tick with nothing new. It
writes `<home>/dagster/ticks/<instant>-<run id>.json` when it begins, and replaces the file when it
ends. The sensor `tick_records` stores each finished record in Dagster's storage and deletes the
file. A record without an end whose process died is a tick that was killed.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dagster_project.home.settings import Settings
from dagster_project.project.dbt import NodeResult
from senders.processes import this_process

_STAMP = "%Y%m%dT%H%M%S%f"


@dataclass
class Record:
    """What Dagster's UI shows of one tick.

    Attributes:
        run_id: Dagster's id of the run.
        by: the command that ran the tick.
        process: the process that ran the tick (`senders.processes`).
        began: when the tick began (UTC).
        ended: when the tick ended (UTC); None while it runs, and for a killed tick.
        report: the report of the tick, with its errors; None while it runs.
        trace: the Python stack of a failure; None for a tick that succeeded.
        seconds: the duration of each stage.
        nodes: the models and tests that ran.
        rows: the rows of each table, by `schema.table`; empty if no model ran.
        files: what landed, a line per file and per remote source.
        problems: sends that an operator must look at, a line per send.
    """

    run_id: str
    by: str
    process: str
    began: datetime
    ended: datetime | None = None
    report: dict[str, Any] | None = None
    trace: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    nodes: list[NodeResult] = field(default_factory=list[NodeResult])
    rows: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def begin(settings: Settings, by: str) -> Record:
    """Write the record of a tick that begins; delete records that nobody read in time."""
    now = datetime.now(UTC)
    record = Record(str(uuid.uuid4()), by, this_process(), now)
    folder(settings).mkdir(parents=True, exist_ok=True)
    oldest = f"{now - timedelta(days=settings.schedule.keep_failed_runs_days):{_STAMP}}"
    for path in paths(settings):
        if path.name >= oldest:
            break
        path.unlink(missing_ok=True)
    write(settings, record)
    return record


def write(settings: Settings, record: Record) -> None:
    """Replace the file of a record; a reader never sees half a file."""
    path = path_of(settings, record)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(asdict(record), default=str), encoding="utf-8")
    unfinished.replace(path)


def read(path: Path) -> Record:
    """Read a record.

    Raises:
        FileNotFoundError: another process has deleted the file.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    content["nodes"] = [NodeResult(**node) for node in content["nodes"]]
    for instant in ("began", "ended"):
        content[instant] = content[instant] and datetime.fromisoformat(content[instant])
    return Record(**content)


def folder(settings: Settings) -> Path:
    """The folder of the records that are not yet in Dagster's storage."""
    return settings.dagster_home / "ticks"


def paths(settings: Settings) -> list[Path]:
    """The files of the records, the oldest first."""
    return sorted(folder(settings).glob("*.json"))


def path_of(settings: Settings, record: Record) -> Path:
    """The file of a record."""
    return folder(settings) / f"{record.began:{_STAMP}}-{record.run_id}.json"
