"""`sendhouse demo`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.table import Table

from dagster_project import PROCESS_STARTED
from dagster_project.cli.output import AsJson, CommandError, out, print_json, progress_bar
from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR, Settings, load_settings
from dagster_project.home.sql import identifier, literal

NAME = "demo"

_FUNNEL = """
    select
        sequence, step, sum(entered)::bigint as entered, sum(sent)::bigint as sent,
        sum(delivered)::bigint as delivered, sum(opened)::bigint as opened,
        sum(clicked)::bigint as clicked, sum(replied)::bigint as replied,
        sum(converted)::bigint as converted, sum(unsubscribed)::bigint as unsubscribed,
        sum(bounced)::bigint as bounced, sum(dropped)::bigint as dropped, {revenue}
    from funnels.sequence_steps
    group by sequence, step, position
    order by sequence, position
"""
# Amounts of several currencies have no sum: each currency is a column.
_REVENUE = "coalesce(sum(revenue) filter (where currency = {text}), 0) as {name}"
_EXAMPLES = """
    select template, send_id, contact_id
    from decisions.step_decisions
    inner join raw.attempts using (send_id)
    where status = 'sent' and step in ('welcome', 'we_miss_you', 'broadcast')
    qualify row_number() over (partition by template order by started_at desc, send_id) = 1
    order by template
"""


def command(as_json: AsJson = False) -> None:
    """Simulate a company for thirty days: data, ticks, e-mails, funnel and report."""
    from demo import run

    settings = load_settings()
    with warehouse.exclusive(settings.lock_path, "sendhouse demo"):
        try:
            run.start_over(settings)
        except run.NotADemoError as error:
            raise CommandError(str(error)) from error
        sent = 0
        with progress_bar() as progress:
            task = progress.add_task("Northwind's March", total=30, note="history")
            for day in run.live(settings):
                sent += day.sent
                note = f"{day.day:%a %d %b}  {sent:,} e-mails sent"
                progress.update(task, advance=1, note=note)
            progress.update(task, note="one more tick, as a Dagster run")
            report = run.finish(settings)
    if report.errors:
        raise CommandError("the last tick failed at " + "; ".join(report.errors))
    _show(settings, as_json=as_json, seconds=time.monotonic() - PROCESS_STARTED)


def _show(settings: Settings, *, as_json: bool, seconds: float) -> None:
    with warehouse.connect(settings.warehouse_path, read_only=True) as connection:
        currencies = connection.execute(
            "select distinct currency from funnels.revenue where currency is not null order by all"
        ).fetchall()
        revenue = ", ".join(
            _REVENUE.format(text=literal(currency), name=identifier(currency))
            for (currency,) in currencies
        )
        funnel = connection.sql(_FUNNEL.format(revenue=revenue))
        columns, rows = funnel.columns, funnel.fetchall()
        examples = connection.execute(_EXAMPLES).fetchall()
        [(files, landed, rejected)] = connection.execute(
            "select count(*), sum(rows_landed), sum(rows_rejected) from raw.files"
        ).fetchall()
    if as_json:
        steps = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"funnel": steps, "seconds": seconds})
        return
    out.print(f"\n{files} files landed: {landed:,} rows, {rejected} rejected (raw.rejects)\n")
    out.print(_table(columns, rows))
    out.print("\nThree example e-mails (open with a mail program):")
    for template, send_id, contact_id in examples:
        path = next(settings.outbox_dir.glob(f"*/{send_id}.eml"))
        out.print(f"  {_shown(path)}", markup=False)
        out.print(
            f"    or: sendhouse preview {template} --contact {contact_id} --html page.html",
            markup=False,
        )
    out.print("\nNext steps:")
    out.print("  make ui                                  lineage, and the last tick as a run")
    out.print(f"  {_shown(settings.serving_dir / 'analytics.duckdb')}             the copy for BI")
    out.print("  models/*/b2b                             the rules, in SQL")
    out.print("  sendhouse tick --as-of 2026-04-02T07:00Z run the next tick")
    out.print(f"\ntook {seconds:.0f} s")


# Short headings for a terminal of 80 columns, by column of funnels.sequence_steps.
_HEADINGS = {
    "entered": "in",
    "delivered": "dlv",
    "opened": "open",
    "clicked": "clk",
    "replied": "rep",
    "converted": "goal",
    "unsubscribed": "unsub",
    "bounced": "bnc",
    "dropped": "drop",
}


def _table(columns: list[str], rows: list[tuple[Any, ...]]) -> Table:
    table = Table(
        title="Step-level funnel: funnels.sequence_steps (human opens and clicks)",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for column in columns[1:]:
        table.add_column(
            _HEADINGS.get(column, column),
            justify="left" if column == "step" else "right",
            no_wrap=True,
        )
    sequence = None
    for row in rows:
        if row[0] != sequence:
            sequence = row[0]
            table.add_row(f"[bold]{sequence}[/bold]")
        table.add_row(f"  {row[1]}", *(f"{number:,.0f}" for number in row[2:]))
    return table


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT_DIR)) if path.is_relative_to(PROJECT_DIR) else str(path)
