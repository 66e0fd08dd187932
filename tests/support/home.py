"""An installation in a folder of its own, driven by real processes or by the stages of a tick."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR, Settings, load_settings
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.senders.senders_support import parse
from tests.support import warm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagster_project.tick.report import TickReport
    from senders.dispatch import DispatchReport
    from tests.support.warm import Forked

COMMANDS = Path(sys.executable).parent
Rows = list[tuple[Any, ...]]


class Home:
    """One SENDHOUSE_HOME; `variables` are further settings, as environment variables."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.variables = {"SENDHOUSE_HOME": str(folder), **variables}

    # ── processes ────────────────────────────────────────────────────────────────────────────────
    def spawn(self, command: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command of the virtual environment in a fresh process, as a user does."""
        return subprocess.Popen(
            [COMMANDS / command, *arguments],
            cwd=PROJECT_DIR,
            env=os.environ | self.variables | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, **variables: str) -> Forked:
        """Start a `sendhouse` command as a fork of a process that has imported everything."""
        return warm.parent().start("sendhouse", arguments, self._environment(variables))

    def start_dbt(self, *arguments: str, **variables: str) -> Forked:
        """Start a `dbt` command as a fork of the same process."""
        return warm.parent().start("dbt", arguments, self._environment(variables))

    def start_tick(self, as_of: datetime, **variables: str) -> Forked:
        """Start one tick with all stages, without Dagster and without data tests."""
        return warm.parent().start("tick", [as_of.isoformat()], self._environment(variables))

    def tick(self, as_of: datetime, **variables: str) -> Finished:
        return finish(self.start_tick(as_of, **variables))

    def tick_command(self, as_of: datetime, *arguments: str, **variables: str) -> Finished:
        """`sendhouse tick`: the same stages, as a run of Dagster's job."""
        options = ["--as-of", as_of.isoformat(), "--json", *arguments]
        return finish(self.start("tick", *options, **variables))

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        return os.environ | self.variables | variables

    # ── stages, in this process ──────────────────────────────────────────────────────────────────
    @contextmanager
    def settings(self) -> Iterator[Settings]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            yield load_settings()

    def decide(self, as_of: datetime, *selected: str) -> None:
        """Run a tick up to its models; with `selected`, the tick dies after the selected models."""
        with self.settings() as settings:
            stages.tick(settings, as_of, until=Stage.DECIDE, select=selected, with_tests=False)

    def dispatch(self) -> DispatchReport:
        with self.settings() as settings:
            return stages.dispatch(settings)

    def live(self, as_of: datetime) -> TickReport:
        """A tick up to and including the dispatch, without data tests."""
        with self.settings() as settings:
            return stages.tick(settings, as_of, until=Stage.DISPATCH, with_tests=False)

    # ── contents ─────────────────────────────────────────────────────────────────────────────────
    def land(self, place: str, rows: Iterable[dict[str, Any]], more: str = "") -> None:
        """Put a JSONL file into the landing folder as an exporter should: by a rename."""
        path = self.folder / "landing" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        lines = "".join(json.dumps(row, default=str) + "\n" for row in rows)
        unfinished.write_text(lines + more, encoding="utf-8")
        unfinished.replace(path)

    def rows(self, query: str) -> Rows:
        with warehouse.connect(self.folder / "warehouse.duckdb") as connection:
            return connection.execute(query).fetchall()

    def tables(self, *schemas: str) -> dict[str, Rows]:
        """Every table and view of the schemas with all its rows, sorted."""
        names = self.rows(
            f"""select table_schema || '.' || table_name from information_schema.tables
            where table_schema in {(*schemas, "")} order by all"""
        )
        return {name: self.rows(f"from {name} order by all") for (name,) in names}

    def tries(self) -> list[tuple[str, int, str]]:
        """The rows of the journal: send, number of the attempt, status."""
        journal = f"file:{self.folder / 'journal.sqlite'}?mode=ro"
        with closing(sqlite3.connect(journal, uri=True)) as connection:
            return connection.execute("select send_id, attempt, status from attempts").fetchall()

    def mail(self) -> dict[str, bytes]:
        """The messages in the outbox by send; a second message of a send is an error."""
        paths = sorted(self.folder.glob("outbox/**/*.eml"))
        messages = [path.read_bytes() for path in paths]
        by_send = {str(parse(data)["X-Sendhouse-Send-Id"]): data for data in messages}
        assert len(by_send) == len(messages), "a send left more than one message"
        return by_send

    def sent(self) -> list[str]:
        """The accepted sends in the journal, once per accepted attempt."""
        return sorted(send_id for send_id, _, status in self.tries() if status == "sent")

    def decided(self) -> dict[str, Rows]:
        return self.tables("decisions")

    def landed(self) -> dict[str, Rows]:
        """The tables that landing writes, with relative paths; the journal fills raw.attempts."""
        tables = self.tables("raw")
        del tables["raw.attempts"]
        # Sorted again: a copied home has files of two folders.
        return {
            name: sorted((self._relative(row) for row in rows), key=repr)
            for name, rows in tables.items()
        }

    def _relative(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row with the paths of landed files relative to the home."""
        return tuple(
            re.sub(r"^.*/landing/", "landing/", value) if isinstance(value, str) else value
            for value in row
        )

    def queue(self) -> dict[str, str]:
        """The queued sends and their addresses."""
        return dict(self.rows("select send_id, email from delivery.send_queue"))


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        assert self.code == 0, self.err
        return json.loads(self.out)


def finish(process: subprocess.Popen[str] | Forked) -> Finished:
    out, err = process.communicate(timeout=180)
    return Finished(process.returncode, out, err)


def statuses(home: Home) -> Counter[str]:
    return Counter(status for _, _, status in home.tries())
