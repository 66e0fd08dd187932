"""A source's mapping: our columns, found in the file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.home.source_settings import EPOCHS
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.cell_sql import (
    instant,
    instant_as,
    instant_since_epoch,
    number,
)

if TYPE_CHECKING:
    from dagster_project.home.source_settings import DeleteMarker, SourceSettings
    from dagster_project.landing.formats.rows import Rows

_COLUMN_RULE = "column:"


class Fields:
    """Our columns as SQL over a file's rows, through the mapping of its source.

    A column is, in this order: a constant; the source's id, if it is what `id_name` calls; the
    column that the mapping names; the file's column of the same name.
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
        named = {*self._theirs.values(), *source.id}
        if source.deleted is not None:
            named.add(source.deleted.column)
        lacking = sorted(name for name in named if not rows.has(name))
        if lacking:
            raise FileRejectedError(
                f"the file lacks columns that its source in sendhouse.toml names: "
                f"{', '.join(lacking)}"
            )

    def has(self, ours: str) -> bool:
        """Whether there may be a value."""
        return (
            ours in self._source.constants
            or ours in self._composed
            or self._rows.has(self.theirs(ours))
        )

    def theirs(self, ours: str) -> str:
        """The file's name of one of our columns."""
        return self._theirs.get(ours, ours)

    def text(self, ours: str) -> str:
        """The value as text, null if empty or unknown."""
        if ours in self._source.constants:
            return self._rows.parameters.bind(self._source.constants[ours]) + "::varchar"
        if ours in self._composed:
            parts = [self._told(name) for name in self._source.id]
            return f"case when {' and '.join(f'{part} is not null' for part in parts)} then md5(concat_ws(chr(31), {', '.join(parts)})) end"  # noqa: E501
        return self._told(self.theirs(ours)) if self.has(ours) else "null::varchar"

    def is_inexact(self, ours: str) -> str:
        """Whether the value is a number that may have lost digits (boolean)."""
        if ours in self._source.constants or ours in self._composed or not self.has(ours):
            return "false"
        return self._rows.is_inexact(self.theirs(ours))

    def said(self, ours: str) -> str:
        """Whether the row says anything of the column, be it that it is empty (boolean)."""
        if ours in self._source.constants or ours in self._composed:
            return "true"
        return self._rows.said(self.theirs(ours)) if self.has(ours) else "false"

    def instant(self, ours: str) -> str:
        """The value as timestamptz, null if empty, unknown or no time."""
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

    def number(self, ours: str) -> str:
        """The value as text that SQL reads as a number, null if it is none by the source's sign."""
        text = self.text(ours)
        return text if self._source.decimal is None else number(text, self._source.decimal)

    def is_deleted(self, marker: DeleteMarker) -> str:
        """Whether the row's delete marker says so, as text."""
        values = self._rows.parameters.bind([value.casefold() for value in marker.values])
        text = f"lower(trim(coalesce({self._told(marker.column)}, '')))"
        return f"list_contains({values}::varchar[], {text})::varchar"

    def _told(self, theirs: str) -> str:
        text = self._rows.text(theirs)
        if not self._source.nulls:
            return text
        nulls = self._rows.parameters.bind(self._source.nulls)
        return f"case when not list_contains({nulls}::varchar[], trim({text})) then {text} end"

    def others(self, ours: tuple[str, ...]) -> str:
        """A JSON object of everything that is in none of our columns `ours`."""
        constants = self._source.constants
        return self._rows.others(
            taken=[self.theirs(name) for name in ours if name not in constants],
            renamed={to: name for to, name in self._theirs.items() if to not in ours},
            constants={name: value for name, value in constants.items() if name not in ours},
        )

    def received_at(self, landed_at: datetime, occurred_at: str) -> str:
        """When we learnt of the row (timestamptz), by the source's rule.

        Args:
            landed_at: when the file lands.
            occurred_at: SQL of the row's own time, for sources that bring history.

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
