"""Applies a source's mapping: our columns as SQL over the file's columns."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.home.source_settings import EPOCHS
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.cell_sql import (
    day_as,
    instant,
    instant_as,
    instant_since_epoch,
    local_midnight,
    number,
)

if TYPE_CHECKING:
    from dagster_project.home.source_settings import DeleteMarker, SourceSettings
    from dagster_project.landing.formats.rows import Rows

_COLUMN_RULE = "column:"


class Fields:
    """Our columns as SQL over a file's rows, through the source's mapping.

    The value of a column is, in this order: a constant; for `id_name`, the source's id columns; the
    mapped column; the file's column of the same name, unless it is mapped to another of ours.
    """

    def __init__(self, rows: Rows, source: SourceSettings, id_name: str) -> None:
        self._rows = rows
        self._source = source
        self._theirs = dict(source.columns)
        self._composed = {id_name} if len(source.id) > 1 else set[str]()
        if len(source.id) == 1:
            self._theirs[id_name] = source.id[0]
        if source.received_at.startswith(_COLUMN_RULE):
            self._theirs["received_at"] = source.received_at.removeprefix(_COLUMN_RULE)
        self._mapped = {name for ours, name in source.columns.items() if ours != name}
        named = {*self._theirs.values(), *source.id}
        if source.deleted is not None:
            named.add(source.deleted.column)
        self._named = named
        lacking = sorted(name for name in named if not rows.has(name))
        if lacking:
            raise FileRejectedError(
                f"the file lacks columns that the source in sendhouse.toml names: "
                f"{', '.join(lacking)}"
            )

    def has(self, ours: str) -> bool:
        """Whether the column may have a value."""
        return ours in self._source.constants or ours in self._composed or self._has_own(ours)

    def _has_own(self, ours: str) -> bool:
        """Whether the file has a column for one of ours."""
        is_taken = ours not in self._theirs and ours in self._mapped
        return not is_taken and self._rows.has(self.theirs(ours))

    def theirs(self, ours: str) -> str:
        """Return the file's name of one of our columns."""
        return self._theirs.get(ours, ours)

    def text(self, ours: str) -> str:
        """Return the value as text, null if empty or unmapped."""
        if ours in self._source.constants:
            return self._rows.parameters.bind(self._source.constants[ours]) + "::varchar"
        if ours in self._composed:
            parts = [self._non_null_text(name) for name in self._source.id]
            is_complete = " and ".join(f"{part} is not null" for part in parts)
            return f"case when {is_complete} then md5(concat_ws(chr(31), {', '.join(parts)})) end"
        return self._non_null_text(self.theirs(ours)) if self.has(ours) else "null::varchar"

    def text_of_all(self, ours: str) -> str:
        """Return the value as text; of a name that occurs again, the first filled column's."""
        return f"coalesce({', '.join([self.text(ours), *self._again(ours)])})"

    def differs(self, ours: str) -> str:
        """Return whether two columns of the same name have different values (boolean)."""
        again = self._again(ours)
        return " or ".join(f"coalesce({self.text(ours)} <> {text}, false)" for text in again)

    def _again(self, ours: str) -> list[str]:
        """Return the texts of the further columns of the name that no setting names."""
        if ours in self._source.constants or ours in self._composed:
            return []
        names = self._rows.again.get(self.theirs(ours), ())
        return [self._non_null_text(name) for name in names if name not in self._named]

    def is_inexact(self, ours: str) -> str:
        """Return whether the value is a number that may have lost digits (boolean)."""
        if ours in self._source.constants or ours in self._composed or not self.has(ours):
            return "false"
        return self._rows.is_inexact(self.theirs(ours))

    def is_present(self, ours: str) -> str:
        """Return whether the row contains the column, even with an empty value (boolean)."""
        if ours in self._source.constants or ours in self._composed:
            return "true"
        return self._rows.is_present(self.theirs(ours)) if self.has(ours) else "false"

    def instant(self, ours: str) -> str:
        """Return the value as timestamptz, null if empty, unmapped or not a time."""
        zone, bind = self._source.timezone, self._rows.parameters.bind
        ways = []
        patterns = [name for name in self._source.dates if name not in EPOCHS]
        if patterns:
            ways.append(instant_as(self.text(ours), bind(patterns), bind(zone)))
        ways += [
            instant_since_epoch(self.text(ours), name.removeprefix("epoch_"))
            for name in self._source.dates
            if name in EPOCHS
        ]
        if ours in self._source.constants or not self.has(ours):
            ways.append(instant(self.text(ours), bind(zone)))
        else:
            ways.append(self._rows.instant(self.theirs(ours), zone))
        return ways[0] if len(ways) == 1 else f"coalesce({', '.join(ways)})"

    def birthday(self, ours: str) -> str:
        """Return the text, as ISO 8601 if the source's `dates` or `timezone` says how to read it.

        A format of `dates` also reads a day without a year: `%d/%m/%Y` reads `29/02`.
        """
        text, bind = self.text(ours), self._rows.parameters.bind
        ways = [text]
        if self._source.timezone != "UTC":
            ways.insert(0, local_midnight(text, bind(self._source.timezone)))
        formats = [name for name in self._source.dates if name not in EPOCHS]
        if formats:
            yearless = [f"%Y {_without_year(name)}" for name in formats]
            ways.insert(0, day_as(text, bind(formats), bind(yearless)))
        return ways[0] if len(ways) == 1 else f"coalesce({', '.join(ways)})"

    def number(self, ours: str) -> str:
        """Return the value as text for a cast to a number, null if the text is not a number."""
        text = self.text(ours)
        return text if self._source.decimal is None else number(text, self._source.decimal)

    def is_deleted(self, marker: DeleteMarker) -> str:
        """Return whether the delete marker marks the row as deleted, as text."""
        values = ", ".join(f"lower({self._rows.parameters.bind(v)})" for v in marker.values)
        text = f"lower(trim(coalesce({self._non_null_text(marker.column)}, '')))"
        return f"list_contains([{values}]::varchar[], {text})::varchar"

    def _non_null_text(self, theirs: str) -> str:
        """Return the text of a file's column, null for the source's `nulls`."""
        text = self._rows.text(theirs)
        if not self._source.nulls:
            return text
        nulls = self._rows.parameters.bind(self._source.nulls)
        return f"case when not list_contains({nulls}::varchar[], trim({text})) then {text} end"

    def others(self, ours: tuple[str, ...]) -> str:
        """Return a JSON object of all values that are not in the columns `ours`."""
        constants = self._source.constants
        return self._rows.others(
            taken=[self.theirs(name) for name in ours if name not in constants],
            renamed={to: name for to, name in self._theirs.items() if to not in ours},
            constants={name: value for name, value in constants.items() if name not in ours},
        )

    def received_at(self, landed_at: datetime, occurred_at: str) -> str:
        """Return the row's received_at (timestamptz) by the source's rule.

        Args:
            landed_at: the landing time.
            occurred_at: SQL of the row's own time, for sources of history.

        """
        rule = self._source.received_at
        bind = self._rows.parameters.bind
        if rule == "landing":
            return f"{bind(landed_at)}::timestamptz"
        if rule == "occurred_at":
            return occurred_at
        if rule.startswith(_COLUMN_RULE):
            return "null::timestamptz"
        return f"{bind(datetime.fromisoformat(rule))}::timestamptz"


def _without_year(name: str) -> str:
    """Remove the year and the time from a strptime format: `%d/%m/%Y %H:%M` gives `%d/%m`."""
    day = re.sub("[ T,]*%[HIMSpf].*", "", name)
    return re.sub("%[Yy][-/., ]*|[-/., ]*%[Yy]$", "", day)
