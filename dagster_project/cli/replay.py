"""`sendhouse replay`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from dagster_project.cli.hold import report_wait
from dagster_project.cli.output import AsJson, out, print_json, progress_bar
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.home.warehouse import ClockError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster_project.replay import Difference

NAME = "replay"

_DAILY = """
    select
        'segments' as kind, segment as name,
        count(*) filter (where day = $first) as first_day,
        count(*) filter (where day = $last) as last_day
    from segments.membership_daily
    group by segment
    union all
    select
        'scores', score,
        count(*) filter (where day = $first), count(*) filter (where day = $last)
    from scores.daily
    group by score
"""
_FIRED = "select trigger, count(*) from decisions.trigger_firings group by trigger"


def command(
    first: Annotated[str, typer.Option("--from", help="First day in UTC (example: 2026-03-01).")],
    last: Annotated[str, typer.Option("--to", help="Last day in UTC; it must have ended.")],
    into: Annotated[Path, typer.Option(help="DuckDB file to write; it must not exist yet.")],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Name of a segment, score or trigger. Repeatable. Default: all."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=NUMBER",
            help="Change a parameter and report the contacts that differ. Repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild segments, scores and triggers of past days, as known then; sends nothing."""
    started = time.monotonic()
    days = _days(first, last)
    settings = load_settings()
    changed = dict(_change(text, settings) for text in changes or ())
    _require_free(into)
    if not settings.warehouse_path.exists():
        raise ClockError("no warehouse yet: run `sendhouse tick` first")
    # Imported here: DuckDB's and dbt's parts of a replay take time to load.
    from dagster_project.replay import take

    with take(settings, f"sendhouse {NAME}", 60, report_wait) as live:
        _require_free(into)  # another replay may have written the file during the wait
        names, differences = _replay(settings, live, days, into, only or [], changed)
        report = _report(into, days, names)
    report["seconds"] = time.monotonic() - started
    if changed:
        report["set"] = changed
        report["differ"] = [difference.as_dict() for difference in differences]
    if as_json:
        print_json(report)
        return
    _show(report)
    if changed:
        _show_differences(changed, differences, settings)
    out.print(f"\nrows       {into}", markup=False)
    out.print(f"took       {report['seconds']:.1f} s")


def _require_free(into: Path) -> None:
    if into.exists():
        raise typer.BadParameter(f"{into} exists already: choose another file or remove it")
    if not into.absolute().parent.is_dir():
        raise typer.BadParameter(f"--into {into}: the folder {into.parent} does not exist")


def _days(first: str, last: str) -> list[date]:
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise typer.BadParameter(f"invalid day (example: 2026-03-01): {error}") from error
    if end < begin:
        raise typer.BadParameter(f"--to {last} is before --from {first}")
    return [begin + timedelta(days=number) for number in range((end - begin).days + 1)]


def _change(text: str, settings: Settings) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in settings.parameters:
        known = ", ".join(sorted(settings.parameters))
        raise typer.BadParameter(f"--set: unknown parameter '{name}'; known parameters: {known}")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"--set {text}: '{value}' is not a number")
    return name, number


def _replay(
    settings: Settings,
    live: Path,
    days: Sequence[date],
    into: Path,
    only: Sequence[str],
    changed: dict[str, float],
) -> tuple[Mapping[str, tuple[str, ...]], list[Difference]]:
    """Replay the days; return the replayed names by kind, and the differences."""
    # Imported here: dbt takes seconds to load.
    from dagster_project import replay
    from dagster_project.project import dbt

    replay.require_over(live, days[-1])
    plan = replay.make_plan(dbt.manifest(settings), only)
    # Renamed at the end, so the file is complete when it appears.
    unfinished = into.with_name(f".{into.name}.unfinished")
    other = into.with_name(f".{into.name}.changed")
    numbers = settings.parameters
    try:
        for path in (unfinished, other):
            path.unlink(missing_ok=True)
        with _progress(len(days) * (2 if changed else 1)) as on_day:
            replay.replay(settings, live, plan, days, unfinished, on_day=on_day)
            if changed:
                parameters = numbers | changed
                replay.replay(
                    settings, live, plan, days, other, parameters=parameters, on_day=on_day
                )
        differences = []
        if changed:
            both = {name: (numbers[name], value) for name, value in changed.items()}
            differences = replay.compare(unfinished, other, both)
        unfinished.rename(into)
    finally:
        for path in (unfinished, other):
            path.unlink(missing_ok=True)
    return plan.names, differences


@contextmanager
def _progress(total: int) -> Iterator[Callable[[date], None]]:
    with progress_bar() as progress:
        task = progress.add_task("replay", total=total, note="the day before the first")
        yield lambda day: progress.update(task, advance=1, note=f"{day:%a %d %b %Y}")


def _report(
    path: Path, days: Sequence[date], names: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """Count members, scored contacts and firings; zero for a requested name without rows."""
    with warehouse.connect(path, read_only=True) as connection:
        daily = connection.execute(_DAILY, {"first": days[0], "last": days[-1]}).fetchall()
        fired = dict(connection.execute(_FIRED).fetchall())
    counts = {(kind, name): numbers for kind, name, *numbers in daily}
    return {
        "from": days[0],
        "to": days[-1],
        "days": len(days),
        "daily": [
            {"kind": kind, "name": name, "first_day": before, "last_day": after}
            for kind in ("segments", "scores")
            for name in names[kind]
            for before, after in [counts.get((kind, name), (0, 0))]
        ],
        "fired": [
            {"trigger": trigger, "firings": fired.get(trigger, 0)} for trigger in names["triggers"]
        ],
    }


def _show(report: dict[str, Any]) -> None:
    if report["daily"]:
        table = _table("contacts", "", str(report["from"]), str(report["to"]))
        for row in report["daily"]:
            table.add_row(
                row["kind"][:-1], row["name"], f"{row['first_day']:,}", f"{row['last_day']:,}"
            )
        out.print(table, soft_wrap=False)
    if report["fired"]:
        table = _table("fired", "", "times", "")
        for row in report["fired"]:
            table.add_row("trigger", row["trigger"], f"{row['firings']:,}", "")
        out.print(table, soft_wrap=False)


def _show_differences(
    changed: dict[str, float], differences: list[Difference], settings: Settings
) -> None:
    parameters = ", ".join(
        f"{name} = {value:g} instead of {settings.parameters[name]:g}"
        for name, value in changed.items()
    )
    out.print(f"\nwith {parameters}, contacts that differ on any day:", markup=False)
    headings_by_kind = {
        "segments": ("added", "removed"),
        "scores": ("higher", "lower"),
        "triggers": ("added", "removed", "moved"),
    }
    if not differences:
        out.print("no contacts")
        return
    for kind, headings in headings_by_kind.items():
        rows = [difference for difference in differences if difference.kind == kind]
        if rows:
            table = _table(kind, "", *headings)
            for row in rows:
                numbers = (row.gains, row.losses, row.moves)[: len(headings)]
                table.add_row(kind[:-1], row.name, *(f"{number:,}" for number in numbers))
            out.print(table, soft_wrap=False)


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < 2 else "right")
    return table
