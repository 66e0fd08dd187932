"""Models over a long history: 180 days of a million contacts, a hundred million events.

Each installation gets a full build from raw and some ticks. Each step runs in a separate process,
like a real tick, and the time to parse the project is left out. The installations take their steps
in turn, because a machine's speed changes within minutes. Several comparisons use the same runs.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import _by_hand, _population, _postgres
from benchmarks._measure import ROOT, Comparison, Sample, Scale, call, median
from dagster_project.home.settings import load_settings

# A tick: its name, hours since the previous tick (0: no new events), dbt's selectors of its models.
_Tick = tuple[str, float, Sequence[str]]

# The project of the benchmark has only these: eight triggers of the gallery, with each kind among
# them, and the fifteen segments that PostgreSQL computes too.
_TRIGGERS = (
    "became_opportunity",
    "birthday",
    "logins_stopped",
    "opened_5_in_30_days",
    "pricing_viewed",
    "score_reached_50",
    "setup_abandoned",
    "went_silent",
)
_KEPT = {
    "segments": tuple(_postgres.SEGMENTS),
    "triggers": _TRIGGERS,
    "sequences": (),
    "broadcasts": (),
}

# The models of segment changes, scores and trigger firings, and all models that they need.
_MODELS = ("+segment_changes", "+segment_membership", "+trigger_firings", "+score_totals")
# The UTC day in which _population.NOW lies has twelve hours left.
_TICK: _Tick = ("tick", 2.5, _MODELS)
_FEW: _Tick = ("few", 0.05, _MODELS)
_FROM_RAW: _Tick = ("from raw", 2.5, tuple(f"+{segment}" for segment in _postgres.SEGMENTS))
_SEGMENTS: _Tick = ("segments", 0, tuple(_postgres.SEGMENTS))
_NEXT_DAY: _Tick = ("next day", 24, _MODELS)
_BUILD = "build"
# Seconds and memory by name of the step; the median of several ticks of one name.
_Life = dict[str, Sample]
_QUERIES = 3
# The new events of the tick `few`.
_FEW_EVENTS = 1_000


@dataclass(frozen=True)
class _Installation:
    """A generated installation, and the times of its steps."""

    home: Path
    contacts: int
    events: int
    more: int
    taken: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def begin(self) -> None:
        """Generate the installation, and build all models from raw."""
        call(make, home=self.home, contacts=self.contacts, events=self.events)
        _copy_project(self.home / "project")
        os.sync()  # otherwise the system still writes the files while the build is timed
        self.live((_BUILD, 0, _MODELS))

    def live(self, tick: _Tick) -> None:
        """Tick once, with `more` new events."""
        name, hours, models = tick
        if hours:
            more = _FEW_EVENTS if name == _FEW[0] else self.more
            call(happen, home=self.home, contacts=self.contacts, more=more, hours=hours)
        project = self.home / "project"
        sample = call(build, home=self.home, project=project, models=models, afresh=not hours)
        self.taken[name].append(sample)

    def life(self) -> _Life:
        """Give the medians so far."""
        return {name: median(samples) for name, samples in self.taken.items()}

    def query(self) -> Sample:
        """Compute the features of the last step by hand."""
        return call(_by_hand.run, home=self.home)


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare a full build, ticks after it, ticks on a tenth of the events, and PostgreSQL."""
    contacts, more = scale.of(1_000_000, 2_000), scale.of(100_000, 1_000)
    big = _Installation(scratch / "big", contacts, scale.of(100_000_000, 20_000), more)
    small = _Installation(scratch / "small", contacts, scale.of(10_000_000, 20_000), more)
    lives = [big] if scale.quick else [big, small]
    ticks = [_FROM_RAW, _SEGMENTS]
    if not scale.quick:
        ticks = [_FEW, _FEW, _FEW, _TICK, _TICK, _TICK, _NEXT_DAY, *ticks]
    big.begin()
    query = median([big.query() for _ in range(scale.of(_QUERIES, 1))])
    if not scale.quick:
        small.begin()
    for tick in ticks:
        for installation in lives:
            installation.live(tick)
    whole = big.life()
    name = f"full build, {contacts:,} contacts, {big.events:,} events"
    yield _taken(name, whole[_BUILD], "contact_features in one query", query)
    if not scale.quick:
        tenth, on_tenth = small.life(), f"on {small.events:,}"
        few = f"tick, {_FEW_EVENTS:,} new events on {big.events:,}"
        yield _taken(few, whole["few"], "full build", whole[_BUILD])
        name = f"tick, {more:,} new events on {big.events:,}"
        day = f"{name}, a new UTC day"
        yield _taken(name, whole["tick"], "full build", whole[_BUILD])
        yield _taken(day, whole["next day"], "full build", whole[_BUILD])
        yield _taken(name, whole["tick"], on_tenth, tenth["tick"])
        yield _taken(day, whole["next day"], on_tenth, tenth["next day"])
    yield from _against_postgres(lives[-1])


def _against_postgres(installation: _Installation) -> Iterator[Comparison]:
    """Rebuild all segments: in Sendhouse from features, in PostgreSQL from indexed tables.

    Both are updated while events arrive. The second comparison includes this cost for Sendhouse.
    """
    number = len(_postgres.SEGMENTS)
    segments = f"{number} segments, {installation.events:,} events"
    from_raw = f"{number} segments from raw, {installation.more:,} new events"
    try:
        with _postgres.Server() as server:
            call(_postgres.load, home=installation.home, url=server.url)
            theirs = call(_postgres.run, home=installation.home, url=server.url)
            life = installation.life()
            yield _taken(segments, life["segments"], "PostgreSQL, indexed", theirs)
            yield _taken(from_raw, life["from raw"], "PostgreSQL, indexed", theirs)
    except _postgres.NotHereError as error:
        print(f"segments against PostgreSQL: skipped: {error}", file=sys.stderr)


def _taken(name: str, ours: Sample, peer_name: str, peer: Sample) -> Comparison:
    """Compare two samples that are already measured."""
    return Comparison(name, lambda: ours, peer_name, lambda: peer, repeat=1)


def make(home: str, contacts: int, events: int) -> dict[str, float]:
    """Generate an installation without built models."""
    started = time.perf_counter()
    _population.make(Path(home), contacts, events)
    return {"seconds": time.perf_counter() - started}


def happen(home: str, contacts: int, more: int, hours: float) -> dict[str, float]:
    """Add new events, and advance the clock."""
    started = time.perf_counter()
    _population.add(load_settings(home=Path(home)), contacts, more, hours)
    return {"seconds": time.perf_counter() - started}


def build(home: str, project: str, models: Sequence[str], afresh: bool) -> dict[str, float]:
    """Build models; the time to parse the project does not count.

    Args:
        home: the folder of the installation.
        project: the folder of the dbt project.
        models: selectors.
        afresh: whether the models run although no input has changed.
    """
    from dagster_project.home import warehouse
    from dagster_project.project import dbt, versions

    settings = load_settings(home=Path(home), project_dir=Path(project))
    # Building a view of raw events makes dbt parse the project.
    dbt.raise_for(dbt.build(settings, ["stg_events"], with_tests=False))
    if afresh:
        with warehouse.connect(settings.warehouse_path) as connection:
            versions.forget(connection, [f"segments.{name}" for name in models])
    started = time.perf_counter()
    dbt.raise_for(dbt.build(settings, list(models), with_tests=False))
    return {"seconds": time.perf_counter() - started}


def _copy_project(project: Path) -> Path:
    """Copy the dbt project; of the analysts' folders, copy only the models in _KEPT."""
    for folder in ("models", "dbt", "templates"):
        shutil.copytree(ROOT / folder, project / folder)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy2(ROOT / file, project)
    for folder, kept in _KEPT.items():
        for path in (project / "models" / folder).rglob("*"):
            if path.is_file() and path.stem not in kept:
                path.unlink()
    return project
