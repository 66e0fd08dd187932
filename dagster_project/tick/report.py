"""The report of a tick: the difference between the row counts before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import Clock
from dagster_project.landing import other_mapping_notice, other_mappings, refused_files
from dagster_project.landing.fetch.remote import unfetched
from dagster_project.tick.recheck import HELD
from senders.dispatch import DispatchReport

_COUNTS = """
    select
        (select count(*) from raw.files) as files,
        (select coalesce(sum(rows_landed), 0)::bigint from raw.files) as rows,
        (select coalesce(sum(rows_duplicate), 0)::bigint from raw.files) as duplicates,
        (select coalesce(sum(rows_rejected), 0)::bigint from raw.files) as rejected,
        (select count(*) from decisions.segment_changes) as segment_changes,
        (select count(*) from decisions.trigger_firings) as firings,
        (select count(*) from decisions.enrollment_starts) as enrollments,
        (select count(*) from decisions.enrollment_exits) as exits,
        (select count(*) from decisions.step_decisions where decision = 'send') as sends,
        (select count(*) from decisions.step_decisions where decision <> 'send') as other_steps
"""
_UNMATCHED = "select coalesce(sum(statements), 0)::bigint from ledger.consents_of_nobody"
_LANDED = ("files", "rows", "duplicates", "rejected")
_REASONS_SHOWN = 5
# Sends that wait at each tick: their stop is on record once only.
_PAUSED = """
    select reason, count(*) from delivery.send_stops where gate = 'refusal_wave'
    group by reason order by count(*) desc, reason
"""
_UNREAD = "select count(*) from raw.files where received_at > (select as_of from control.clock)"


@dataclass(frozen=True)
class NotDone:
    """Sends that were due and did not leave.

    Attributes:
        what: held, paused, expired, skipped, rejected or failed.
        number: how many sends.
        reason: why, without addresses.
        where: the table that lists them.
    """

    what: str
    number: int
    reason: str
    where: str


def not_done(dispatched: DispatchReport) -> list[NotDone]:
    """List what a dispatch left undone, by reason; the most frequent reason comes first."""
    found: list[NotDone] = []
    for reason, number in dispatched.skipped.most_common():
        if reason == "expired":
            found.append(NotDone("expired", number, "too late to be sent", "delivery.send_gates"))
        elif reason == "journal":
            tried = "tried already, or another dispatcher tries it"
            found.append(NotDone("skipped", number, tried, "raw.attempts"))
        elif reason.startswith(HELD):
            news = reason.removeprefix(HELD)
            found.append(NotDone("held", number, news, "delivery.send_queue"))
        else:
            found.append(NotDone("paused", number, reason, "raw.attempts"))
    problems = Counter((one.status, one.detail or "no detail") for one in dispatched.problems)
    for status in ("rejected", "failed"):
        reasons = [(text, n) for (kind, text), n in problems.most_common() if kind == status]
        more = sum(number for _, number in reasons[_REASONS_SHOWN:])
        found += [NotDone(status, n, text, "raw.attempts") for text, n in reasons[:_REASONS_SHOWN]]
        if more:
            found.append(NotDone(status, more, "other reasons", "raw.attempts"))
    return found


@dataclass(frozen=True)
class Counts:
    """Row counts of landed files and decisions, and of stopped sends by gate."""

    counts: dict[str, int]
    stopped: dict[str, int]

    @classmethod
    def read(cls, settings: Settings) -> Counts:
        """Count the rows of the installation's warehouse."""
        with warehouse.connect(settings.warehouse_path) as connection:
            relation = connection.sql(_COUNTS)
            counts = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
            stopped = connection.execute(
                "select gate, count(*) from decisions.gate_stops group by gate order by gate"
            ).fetchall()
        return cls(counts, dict(stopped))


@dataclass
class TickReport:
    """The report of one tick.

    Attributes:
        as_of: the clock (UTC); None if the tick failed before setting the clock.
        landed: new files, rows, duplicates and rejected rows.
        decided: new segment changes, firings, enrollments, exits, sends and other steps.
        stopped: newly stopped sends, by gate.
        dispatched: sent, deferred, rejected, failed, unknown; empty without a dispatch.
        not_done: sends that were due and did not leave, by reason (`NotDone`).
        unread: files that were received after the clock: no model has read them.
        landed_later: files that landed while the tick ran: the next tick reads them.
        unknown: all tries with an unknown outcome, also of earlier ticks.
        seconds: duration without start-up.
        unmatched_refusals: all refusals without a certain contact, also of earlier ticks.
        unfetched: remote sources whose last fetch failed, with the error.
        refused: files that were refused whole and are still there, with the reason.
        published: a note about the copy for BI; None for nothing to say.
        mappings: sources with files that were read with another mapping, with the remedy.
        errors: message of each failure; empty if the tick succeeded.
    """

    as_of: datetime | None
    landed: dict[str, int]
    decided: dict[str, int]
    stopped: dict[str, int]
    dispatched: dict[str, int]
    unknown: int
    seconds: float
    not_done: list[NotDone] = field(default_factory=list[NotDone])
    unread: int = 0
    landed_later: int = 0
    unmatched_refusals: int = 0
    unfetched: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    published: str | None = None
    mappings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON types."""
        return asdict(self) | {"as_of": self.as_of and self.as_of.isoformat()}

    @property
    def did_something(self) -> bool:
        """Whether anything landed, was decided, left or failed."""
        counted = (self.landed, self.decided, self.stopped, self.dispatched)
        return bool(self.errors) or any(any(counts.values()) for counts in counted)

    def line(self) -> str:
        """What the tick did, in one line."""
        parts = [
            f"{name} {_listed(counts)}"
            for name, counts in (
                ("landed", self.landed),
                ("decided", self.decided),
                ("stopped", self.stopped),
                ("dispatched", self.dispatched),
            )
            if any(counts.values())
        ]
        parts += [f"{one.what} {one.number:,}: {one.reason}" for one in self.not_done]
        parts += [f"error: {error}" for error in self.errors]
        return "; ".join((*parts, f"{self.seconds:.1f} s"))

    def lines(self) -> list[str]:
        """The report as lines for a terminal."""
        lines = [f"tick       as of {self.as_of:%Y-%m-%d %H:%M:%S} UTC" if self.as_of else "tick"]
        lines.append("landed     " + _listed(self.landed))
        lines.append("decided    " + _listed(self.decided))
        lines.append("stopped    " + _listed(self.stopped))
        lines.append("dispatched " + _listed(self.dispatched))
        lines.extend(
            f"{one.what:<10} {one.number:,}: {one.reason} (see {one.where})"
            for one in self.not_done
        )
        if self.unread and self.as_of:
            lines.append(
                f"unread     {self.unread:,} files were received after the clock; their contacts "
                "get no mail. Run `sendhouse tick` without --as-of, or give the source another "
                "received_at and land it again"
            )
        if self.unknown:
            lines.append(
                f"unknown    {self.unknown} may have arrived: see delivery.unknown_sends; "
                "`sendhouse settle SEND_ID sent|not-sent` records what is known"
            )
        if self.unmatched_refusals:
            lines.append(
                f"refusals   {self.unmatched_refusals:,} without a certain contact: "
                "see ledger.unmatched_refusals"
            )
        lines.extend(f"not landed {problem}" for problem in (*self.unfetched, *self.refused))
        if self.published:
            lines.append(f"published  {self.published}")
        lines.extend(f"mapping    {notice}" for notice in self.mappings)
        return lines


def report_since(
    before: Counts,
    settings: Settings,
    *,
    dispatched: dict[str, int],
    seconds: float,
    known: int | None = None,
    undone: Sequence[NotDone] = (),
    errors: Sequence[str] = (),
) -> TickReport:
    """Create the report of a finished tick.

    Args:
        before: the counts before the first stage.
        settings: the installation.
        known: the number of landed files after the stage `land`; None without that stage.
        dispatched: the tries of the stage `dispatch`, by status.
        seconds: the duration of the tick.
        undone: what the stage `dispatch` left undone (`not_done`).
        errors: the message of each failure.
    """
    after = Counts.read(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        clock = warehouse.read_clock(connection)
        [(unknown,)] = connection.execute(
            "select count(*) from raw.attempts where status = 'unknown'"
        ).fetchall()
        [(unread,)] = connection.execute(_UNREAD).fetchall()
        return TickReport(
            as_of=clock and clock.as_of,
            **_difference(before, after),
            dispatched=dispatched,
            not_done=[*undone, *_paused(connection)],
            unread=unread,
            landed_later=0 if known is None else after.counts["files"] - known,
            unknown=unknown,
            unmatched_refusals=_unmatched_refusals(connection),
            unfetched=unfetched(connection, settings),
            refused=refused_files(connection),
            published=_note_of_copy(connection, clock),
            mappings=[
                other_mapping_notice(*found)
                for found in other_mappings(connection, settings).items()
            ],
            seconds=seconds,
            errors=[*errors],
        )


def _note_of_copy(connection: duckdb.DuckDBPyConnection, clock: Clock | None) -> str | None:
    """The note about the copy of this clock; an older copy's note was reported by its tick."""
    found = connection.execute(
        "select note from control.published where as_of = ?", [clock and clock.as_of]
    ).fetchall()
    return found[0][0] if found else None


def _unmatched_refusals(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of refusals in the ledger; 0 before the models are built."""
    try:
        [(number,)] = connection.execute(_UNMATCHED).fetchall()
    except duckdb.CatalogException:
        return 0
    return number


def _paused(connection: duckdb.DuckDBPyConnection) -> list[NotDone]:
    """Sends that wait for a provider that refuses mail; none before the models exist."""
    try:
        stops = connection.execute(_PAUSED).fetchall()
    except duckdb.CatalogException:
        return []
    return [NotDone("paused", n, reason, "delivery.refusal_waves") for reason, n in stops]


def _difference(before: Counts, after: Counts) -> dict[str, dict[str, int]]:
    """Subtract the counts, as the fields `landed`, `decided` and `stopped`."""
    new = {name: count - before.counts[name] for name, count in after.counts.items()}
    stopped = {gate: n - before.stopped.get(gate, 0) for gate, n in after.stopped.items()}
    return {
        "landed": {name: new[name] for name in _LANDED},
        "decided": {name: count for name, count in new.items() if name not in _LANDED},
        "stopped": {gate: count for gate, count in stopped.items() if count},
    }


def _listed(counts: dict[str, int]) -> str:
    found = [f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number]
    return ", ".join(found) or "nothing"
