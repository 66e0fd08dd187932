"""Models over a long history: 180 days of a million people, a hundred million events.

A life of an installation is a full build from raw and some ticks, each in a process of its own as
all ticks are; what parsing the project takes is left out. What is compared lives step by step in
turn, because a life takes minutes and the machine's mood does not last as long; several comparisons
look at the same lives.
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

# A tick: what it is called, hours since the one before (0: nothing is new), dbt's selectors of what
# it builds.
_Tick = tuple[str, float, Sequence[str]]

# Of the gallery's triggers eight, each kind among them; of its segments the fifteen that PostgreSQL
# is asked for too. The project that lives has no others.
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

# Up to what decides: who is in which segment, how many points, what fired; and all before it.
_MODELS = ("+segment_changes", "+segment_membership", "+trigger_firings", "+score_totals")
# The UTC day in which _population.NOW lies has twelve hours left.
_TICK: _Tick = ("tick", 2.5, _MODELS)
_FROM_RAW: _Tick = ("from raw", 2.5, tuple(f"+{segment}" for segment in _postgres.SEGMENTS))
_SEGMENTS: _Tick = ("segments", 0, tuple(_postgres.SEGMENTS))
_NEXT_DAY: _Tick = ("next day", 24, _MODELS)
_BUILD = "build"
# By what is built or ticks: seconds and memory, of several ticks the median.
_Life = dict[str, Sample]
_QUERIES = 3


@dataclass(frozen=True)
class _Installation:
    """A generated installation that lives once."""

    home: Path
    contacts: int
    events: int
    more: int
    taken: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def begin(self) -> None:
        """Make it, and build everything from raw."""
        call(make, home=self.home, contacts=self.contacts, events=self.events)
        _copy_project(self.home / "project")
        os.sync()  # else it is still being written while the build is timed
        self.live((_BUILD, 0, _MODELS))

    def live(self, tick: _Tick) -> None:
        """Tick once, with `more` new events."""
        name, hours, models = tick
        if hours:
            call(happen, home=self.home, contacts=self.contacts, more=self.more, hours=hours)
        project = self.home / "project"
        self.taken[name].append(call(build, home=self.home, project=project, models=models))

    def life(self) -> _Life:
        """What was taken so far."""
        return {name: median(samples) for name, samples in self.taken.items()}

    def query(self) -> Sample:
        """Compute by hand the features that it has been built to."""
        return call(_by_hand.run, home=self.home)


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """A full build, ticks on top of it and on top of a tenth of it, and PostgreSQL."""
    contacts, more = scale.of(1_000_000, 2_000), scale.of(100_000, 1_000)
    big = _Installation(scratch / "big", contacts, scale.of(100_000_000, 20_000), more)
    small = _Installation(scratch / "small", contacts, scale.of(10_000_000, 20_000), more)
    lives = [big] if scale.quick else [big, small]
    ticks = [_FROM_RAW, _SEGMENTS]
    if not scale.quick:
        ticks = [_TICK, _TICK, _TICK, _NEXT_DAY, *ticks]
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
        name = f"tick, {more:,} new events on {big.events:,}"
        day = f"{name}, a new UTC day"
        yield _taken(name, whole["tick"], "full build", whole[_BUILD])
        yield _taken(day, whole["next day"], "full build", whole[_BUILD])
        yield _taken(name, whole["tick"], on_tenth, tenth["tick"])
        yield _taken(day, whole["next day"], on_tenth, tenth["next day"])
    yield from _against_postgres(lives[-1])


def _against_postgres(installation: _Installation) -> Iterator[Comparison]:
    """All segments anew, here from features and there from tables with indexes.

    Both are kept up while events arrive. What that costs here, the second comparison adds to ours.
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
        print(f"segments against PostgreSQL: left out, {error}", file=sys.stderr)


def _taken(name: str, ours: Sample, peer_name: str, peer: Sample) -> Comparison:
    """Compare what was taken before."""
    return Comparison(name, lambda: ours, peer_name, lambda: peer, repeat=1)


def make(home: str, contacts: int, events: int) -> dict[str, float]:
    """Generate an installation in which nothing is built yet."""
    started = time.perf_counter()
    _population.make(Path(home), contacts, events)
    return {"seconds": time.perf_counter() - started}


def happen(home: str, contacts: int, more: int, hours: float) -> dict[str, float]:
    """Have new events happen and arrive, and move the clock on."""
    started = time.perf_counter()
    _population.add(load_settings(home=Path(home)), contacts, more, hours)
    return {"seconds": time.perf_counter() - started}


def build(home: str, project: str, models: Sequence[str]) -> dict[str, float]:
    """Build models once the project is parsed, which is not timed."""
    from dagster_project.project import dbt

    settings = load_settings(home=Path(home), project_dir=Path(project))
    # A view of raw events: has dbt parse the project.
    dbt.raise_for(dbt.build(settings, ["stg_events"], with_tests=False))
    started = time.perf_counter()
    dbt.raise_for(dbt.build(settings, list(models), with_tests=False))
    return {"seconds": time.perf_counter() - started}


def _copy_project(project: Path) -> Path:
    """Copy the dbt project, without what is not in _KEPT of the folders that analysts fill."""
    for folder in ("models", "dbt", "templates"):
        shutil.copytree(ROOT / folder, project / folder)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy2(ROOT / file, project)
    for folder, kept in _KEPT.items():
        for path in (project / "models" / folder).iterdir():
            if path.is_file() and path.stem not in kept:
                path.unlink()
    return project
