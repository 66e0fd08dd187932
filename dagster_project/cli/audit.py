"""`sendhouse audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from dagster_project.cli.hold import hold
from dagster_project.cli.output import AsJson, err, out, print_json
from dagster_project.home.settings import load_settings

if TYPE_CHECKING:
    from dagster_project.audit import CrmAudit, FieldAudit, SegmentsAudit

app = typer.Typer(name="audit", help="Data quality reports.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Data quality reports."""


@app.command("crm")
def crm(as_json: AsJson = False) -> None:
    """Report the fill rate, validity and freshness of each CRM field, and what segments lack."""
    from dagster_project import audit

    settings = load_settings()
    with hold(settings, "audit crm"), err.status("auditing the CRM") as status:
        result = audit.run_crm(settings, on_table=lambda name: status.update(f"auditing {name}"))
    if as_json:
        print_json(result.as_dict())
        return
    _show_crm(result)
    out.print(f"\npage       {settings.home / 'report' / 'crm.html'}", markup=False)
    out.print("tables     audit.crm_fields, audit.crm_addresses, audit.segment_features")


@app.command("segments")
def segments(as_json: AsJson = False) -> None:
    """Report small, unused, overlapping and overdue segments, and stale inputs."""
    from dagster_project import audit

    settings = load_settings()
    with hold(settings, "audit segments"), err.status("auditing the segments"):
        result = audit.run_segments(settings)
    if as_json:
        print_json(result.as_dict())
        return
    _show_segments(result)
    out.print(f"\npage       {settings.home / 'report' / 'segments.html'}", markup=False)
    out.print("tables     audit.segments, audit.segment_sizes, audit.segment_overlaps")


def _show_segments(audit: SegmentsAudit) -> None:
    if not audit.segments:
        out.print("no segments yet: sendhouse new segment NAME")
        return
    table = _table(f"{len(audit.segments)} segments")
    table.add_column("segment", overflow="fold", ratio=1)
    table.add_column("kind")
    for heading in ("members", "in 30d", "out 30d", "no consent"):
        table.add_column(heading, justify="right")
    for row in audit.segments:
        shown = ["not built yet"]
        if row.members is not None:
            counts = (row.members, row.entered_30d, row.exited_30d)
            shown = [*(f"{count:,}" for count in counts), f"{row.without_consent_share:.0%}"]
        table.add_row(row.segment, row.kind or "", *shown)
    out.print(table, soft_wrap=False)
    out.print()
    for row in audit.segments:
        for finding, reason in row.findings.items():
            line = f"{finding:14} {row.segment}: {reason}"
            out.print(line, markup=False, soft_wrap=False)
    for pair in audit.overlaps:
        if pair.subset:
            larger = pair.other if pair.subset == pair.segment else pair.segment
            out.print(f"{'subset':14} {pair.subset}: every member is in {larger}", markup=False)


def _show_crm(audit: CrmAudit) -> None:
    from dagster_project.audit.pages.crm import (
        COUNTED_OUTREACH,
        UNREAD_CONSENT,
        by_table,
        nulls_by_table,
        stale_by_reason,
    )

    if not audit.fields:
        out.print("no CRM export has landed: sendhouse land FILE --as crm/<source>/<object>")
    for field in audit.unread_consents:
        line = f"consent    {field.source_table}.{field.field}: {UNREAD_CONSENT}"
        out.print(line, style="bold", markup=False, soft_wrap=False)
    tables = by_table(audit.fields)
    for table, fields in tables.items():
        # Tables keep to the width of the terminal; the terminal wraps lines of text.
        out.print(_fields(table, fields), soft_wrap=False)
        empty = [field.field for field in fields if not field.filled]
        if empty:
            out.print(f"empty: {', '.join(empty)}", style="dim", markup=False, soft_wrap=False)
        out.print()
    if audit.addresses:
        out.print(_addresses(audit), soft_wrap=False)
        out.print()
    for events in audit.outreach:
        line = f"outreach   {events.events:,} events {events.name} {COUNTED_OUTREACH}"
        out.print(line, markup=False, soft_wrap=False)
    for table, values in nulls_by_table(audit.fields).items():
        line = f"nulls      {table}: {', '.join(values)} mean no value: nulls = {values}"
        out.print(line, markup=False, soft_wrap=False)
    for table, reason, names in stale_by_reason(audit.fields):
        filled = [field.field for field in tables[table] if field.filled]
        shown = "every field" if names == filled else ", ".join(names)
        out.print(f"stale      {table}: {shown}: {reason}", markup=False, soft_wrap=False)
    for row in audit.segment_features:
        if row.problem:
            line = f"lacking    segment {row.segment} needs {row.feature}: {row.problem}"
            out.print(line, markup=False, soft_wrap=False)


def _fields(name: str, fields: list[FieldAudit]) -> Table:
    table = _table(f"{name}: {fields[0].rows:,} records")
    table.add_column("field", overflow="fold", ratio=3)
    table.add_column("content")
    table.add_column("filled", justify="right")
    table.add_column("values", justify="right")
    table.add_column("invalid", justify="right")
    table.add_column("segment kind", overflow="fold", ratio=3)
    for field in fields:
        if field.filled:
            kind = field.segment_kind or ""
            if field.unusable_reason:
                kind = f"[dim]{kind}: {field.unusable_reason}[/dim]"
            table.add_row(
                field.field.replace("[", "\\["),
                field.holds,
                f"{field.fill_rate:.0%}",
                f"{field.distinct_values:,}",
                f"{field.invalid:,}" if field.invalid else "",
                kind,
            )
    return table


def _addresses(audit: CrmAudit) -> Table:
    verdicts = list(dict.fromkeys(row.verdict for row in audit.addresses))
    counts = {(row.source_table, row.field, row.verdict): row.rows for row in audit.addresses}
    table = _table("addresses by syntax and word lists")
    table.add_column("field", overflow="fold", ratio=1)
    for verdict in verdicts:
        table.add_column(verdict, justify="right")
    for source, field in dict.fromkeys((row.source_table, row.field) for row in audit.addresses):
        numbers = (counts[source, field, verdict] for verdict in verdicts)
        table.add_row(f"{source}.{field}".replace("[", "\\["), *(f"{n:,}" for n in numbers))
    return table


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), expand=out.width <= 100
    )  # fmt: skip
