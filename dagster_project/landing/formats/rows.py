"""A file's rows, as SQL that asks them for values: what every format has to answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import duckdb

    from dagster_project.home.sql import Parameters


class Rows(ABC):
    """A file's rows. The methods return SQL over `relation`; its parameters are in `parameters`.

    Ask for everything that is wanted first, then render `relation`.
    """

    line: str
    """SQL over a table made in file order from `relation` (and keeping `_line`, if it has one):
    the row's line in the file, the first being 1."""
    numbered: bool
    """Whether `relation` has a column `_line`."""
    must_be: int | None
    """How many rows `relation` must give for the lines to be true; None where they are known."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    @abstractmethod
    def repaired(self, scratch: Path) -> Rows:
        """Return the same rows by way of a clean copy in `scratch`.

        It is asked for where DuckDB could not read them, or not as many as `must_be`.

        Raises:
            FileRejectedError: there is no other way to read them.

        """

    @abstractmethod
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """Return the names of all columns; where every row has its own, this reads the file."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether rows may have this column."""

    @abstractmethod
    def relation(self) -> str:
        """Return what stands after FROM."""

    @abstractmethod
    def problem(self) -> str:
        """Why the row cannot be read; '' when there is nothing in it; null when it is fine."""

    @abstractmethod
    def content(self) -> str:
        """Return the row as text, for people who look for what was wrong."""

    @abstractmethod
    def text(self, name: str) -> str:
        """Return a column's value as text, null if empty; an object or list as JSON."""

    def said(self, name: str) -> str:
        """Return whether a row says anything of a column that `has`, be it that it is empty."""
        del name
        return "true"

    def is_inexact(self, name: str) -> str:
        """Return whether a value is a number that may have lost digits, and so can name nothing."""
        del name
        return "false"

    @abstractmethod
    def instant(self, name: str, zone: str) -> str:
        """Return a column's value as timestamptz, null if it is no time; see `sql.instant`.

        Args:
            name: the column.
            zone: the IANA zone of a time without an offset.

        """

    @abstractmethod
    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        """Return a JSON object of what is in no other column. A cell without a value gives no key.

        Args:
            taken: columns to leave out.
            renamed: columns to take under another name: { name: column }.
            constants: values to add: { name: value }.

        """
