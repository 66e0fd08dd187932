"""The interface of all readers: a file's rows as SQL expressions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from dagster_project.home.sql import Parameters


MAX_COLUMNS = 2_000
"""The time to plan a statement grows with the square of the number of columns."""


def require_few_columns(columns: int) -> None:
    """Raise FileRejectedError if a file has more than `MAX_COLUMNS` columns."""
    if columns > MAX_COLUMNS:
        raise FileRejectedError(
            f"the file has {columns:,} columns, and at most {MAX_COLUMNS:,} land: export the "
            "columns that are used, or one row per value"
        )


class Rows(ABC):
    """A file's rows. The methods return SQL over `relation`; its parameters are in `parameters`.

    Call the methods first and render `relation` last: it contains the requested values.
    """

    line: str
    """SQL for the row's line in the file, starting at 1. It applies to a table created from
    `relation` in file order, with `_line` if `relation` has that column."""
    numbered: bool
    """Whether `relation` has a column `_line`."""
    again: Mapping[str, Sequence[str]]
    """The further columns of a name that occurs again in the header: { "Reason": ["Reason_2"] }."""
    is_broken: bool
    """Whether some rows are known to have a problem before they are read."""
    more: int
    """The number of further rejected rows, which `relation` lacks; see `repair.MAX_REJECTS`."""
    must_be: int | None
    """The number of rows that `relation` must return for `line` to be correct; None if `line` is
    always correct."""

    notices: tuple[str, ...] = ()
    """What the reader left out of the file."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.again = {}
        self.is_broken = False
        self.more = 0

    @abstractmethod
    def repaired(self, scratch: Path) -> Rows:
        """Return the same rows through a clean copy in `scratch`.

        Called if DuckDB could not read the rows, or returned another number than `must_be`.

        Raises:
            FileRejectedError: the format has no other way to read the rows.

        """

    @abstractmethod
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """Return the names of all columns; if each row has its own keys, this reads the file."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether rows may have this column."""

    @abstractmethod
    def relation(self) -> str:
        """Return the relation to select from."""

    @abstractmethod
    def problem(self) -> str:
        """Return why the row cannot be read; '' for an empty row; null for a valid row."""

    @abstractmethod
    def content(self) -> str:
        """Return the row as text, for `raw.rejects`."""

    @abstractmethod
    def text(self, name: str) -> str:
        """Return a column's value as text; null if empty; an object or list as JSON."""

    def is_present(self, name: str) -> str:
        """Return whether the row contains the column, even with an empty value."""
        del name
        return "true"

    def is_inexact(self, name: str) -> str:
        """Return whether the value is a number that may have lost digits, so it cannot be an id."""
        del name
        return "false"

    @abstractmethod
    def instant(self, name: str, zone: str) -> str:
        """Return a column's value as timestamptz; null if it is not a time; see `cell_sql.instant`.

        Args:
            name: the column.
            zone: the IANA zone of a time without an offset.

        """

    @abstractmethod
    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        """Return a JSON object of the remaining columns, without empty cells.

        Args:
            taken: columns to leave out.
            renamed: columns to rename: { name: column }.
            constants: values to add: { name: value }.

        """
