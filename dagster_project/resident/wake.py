"""When the resident process ticks: a file landed, a time of the schedule came, or a repair."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.home import cron
from dagster_project.home.settings import Settings, config_path
from dagster_project.landing.store.files import discover

POLL_SECONDS = 0.2
"""The pause between two looks. A look costs a millisecond, also on a network share, where the
notices of the operating system do not arrive."""
# Looks between two looks at the project, which has hundreds of files.
_LOOKS = 10

State = tuple[int, int]


@dataclass
class Wake:
    """What the last tick knew; `reason` says what is new.

    Attributes:
        since: the instant up to which the times of the schedule are done (UTC).
        landed: the state of each file before the last tick, by path.
        project: the state of the project's files before the last tick.
        is_repair_due: whether the last tick failed: then a change of the project is a reason.
    """

    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    landed: Mapping[Path, State] = field(default_factory=dict[Path, State])
    project: object = None
    is_repair_due: bool = False
    _growing: Mapping[Path, State] = field(default_factory=dict[Path, State])
    _looks: int = 0

    def note(self, settings: Settings) -> None:
        """Note what a tick that begins now will know."""
        self.since = datetime.now(UTC)
        self.landed = waiting_files(settings)
        self.project = project_state(settings)
        self._growing = {}

    def reason(self, settings: Settings) -> str | None:
        """The reason to tick now, or None; called every `POLL_SECONDS`."""
        found = waiting_files(settings)
        new = {path: state for path, state in found.items() if self.landed.get(path) != state}
        # A file that changed since the last look is still being written.
        settled = any(self._growing.get(path) == state for path, state in new.items())
        self._growing = new
        if settled:
            return "a file landed"
        now = datetime.now(UTC)
        if cron.has_time(settings.schedule.tick_cron, self.since, now):
            return "schedule"
        self.since = max(self.since, now.replace(second=0, microsecond=0))
        self._looks += 1
        if self.is_repair_due and self._looks % _LOOKS == 0:
            return "the project changed" if project_state(settings) != self.project else None
        return None


def waiting_files(settings: Settings) -> dict[Path, State]:
    """The size and the modification time of each file that a tick would look at."""
    return _states(path for _, path in discover(settings))


def project_state(settings: Settings) -> dict[Path, State]:
    """The state of the files that decide what a tick does: models, templates and settings."""
    files = [config_path(), *settings.project_dir.glob("*.yml")]
    for name in ("models", "dbt", "templates"):
        for folder, _, names in os.walk(settings.project_dir / name):
            files += [Path(folder, name) for name in names]
    return _states(files)


def _states(paths: Iterable[Path]) -> dict[Path, State]:
    found: dict[Path, State] = {}
    for path in paths:
        with suppress(OSError):  # deleted, or not accessible: a tick reports it
            status = path.stat()
            found[path] = (status.st_size, status.st_mtime_ns)
    return found
