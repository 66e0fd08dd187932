"""A source's mapping: our columns, found in the file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.sql import instant

if TYPE_CHECKING:
    from dagster_project.landing.rows import Rows
    from dagster_project.source_settings import SourceSettings

_COLUMN_RULE = "column:"


class Fields:
    """Our columns as SQL over a file's rows, through the mapping of its source.

    A column is, in this order: a constant; the column that the mapping names; the file's column of
    the same name.
    """

    def __init__(self, rows: Rows, source: SourceSettings) -> None:
        self._rows = rows
        self._source = source
        self._theirs = dict(source.columns)
        if source.received_at.startswith(_COLUMN_RULE):
            self._theirs["received_at"] = source.received_at.removeprefix(_COLUMN_RULE)
        lacking = sorted({name for name in self._theirs.values() if not rows.has(name)})
        if lacking:
            raise FileRejectedError(
                f"the file lacks columns that its source in sendhouse.toml names: "
                f"{', '.join(lacking)}"
            )

    def has(self, ours: str) -> bool:
        """Whether there may be a value."""
        return ours in self._source.constants or self._rows.has(self.theirs(ours))

    def theirs(self, ours: str) -> str:
        """The file's name of one of our columns."""
        return self._theirs.get(ours, ours)

    def text(self, ours: str) -> str:
        """The value as text, null if empty or unknown."""
        if ours in self._source.constants:
            return self._rows.parameters.bind(self._source.constants[ours]) + "::varchar"
        return self._rows.text(self.theirs(ours)) if self.has(ours) else "null::varchar"

    def instant(self, ours: str) -> str:
        """The value as timestamptz, null if empty, unknown or no time."""
        zone = self._source.timezone
        if ours in self._source.constants or not self.has(ours):
            return instant(self.text(ours), self._rows.parameters.bind(zone))
        return self._rows.instant(self.theirs(ours), zone)

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
