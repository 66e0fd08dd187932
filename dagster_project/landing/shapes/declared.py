"""The raw CRM tables that models expect, as the `__sources.yml` files beside them declare.

A CRM is a folder `models/staging/<name>/` with such a file; there is no other list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

# DuckDB type names, with precision and nesting: decimal(18, 2), varchar[].
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*(\(\d+(, ?\d+)?\))?(\[\])?")
_INSTANTS = ("timestamptz", "timestamp with time zone")
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "hugeint", "float", "real", "double", "decimal")
# Every tick reads the declarations: libyaml's loader, where it is there, does so ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# `_file_no` grows from file to file: of two exports learnt at one instant the later one speaks.
_BOOKKEEPING = {
    "_file_id": "varchar",
    "_file_no": "bigint",
    "_line": "bigint",
    "_received_at": "timestamptz",
}


class DeclarationError(Exception):
    """A `__sources.yml` cannot be read; the message names the file, the place and the remedy."""


@dataclass(frozen=True)
class DeclaredColumn:
    """A column that models expect."""

    data_type: str | None
    """What its text must be (a DuckDB type); None: any text."""
    required: bool
    """Whether every row must have a value."""
    allowed: tuple[str, ...] = ()
    """The words that a value may be, whatever their case; none: any."""
    reads_as: str | None = None
    """What models make of its text, if they can: instant, number, integer, boolean, …"""

    @property
    def is_instant(self) -> bool:
        """Whether its text is a time, with an offset or in the source's zone."""
        data_type = (self.data_type or "").lower()
        return data_type in _INSTANTS or self.reads_as == "instant"

    @property
    def is_number(self) -> bool:
        """Whether its text is a number, with the source's decimal sign."""
        data_type = (self.data_type or "").lower()
        return data_type.startswith(_NUMBERS) or self.reads_as in ("number", "integer")


@dataclass(frozen=True)
class DeclaredTable:
    """A table under schema `raw` that models expect."""

    name: str
    """As in the warehouse: `standard__contacts`."""
    columns: dict[str, DeclaredColumn]
    identified_by: tuple[str, ...] = ()
    """Columns of which the first that is filled names the record."""


def read_declared(project_dir: Path) -> dict[str, DeclaredTable]:
    """Read the declared CRM tables, by their name in the warehouse.

    Sources with schema `raw` in `models/staging/**/__sources.yml` whose table is called
    `<source>__<object>` (dbt's `identifier`, else its `name`).

    Raises:
        DeclarationError: a file is not YAML, or declares what is no type.

    """
    tables: dict[str, DeclaredTable] = {}
    for path in sorted((project_dir / "models" / "staging").glob("**/__sources.yml")):
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), _LOADER) or {}  # noqa: S506
        except yaml.YAMLError as error:
            raise DeclarationError(f"{path}: not valid YAML: {error}") from error
        for source in content.get("sources", []):
            if source.get("schema", source["name"]) != "raw":
                continue
            for table in source.get("tables", []):
                name = table.get("identifier", table["name"])
                if "__" in name:
                    meta = table.get("config", {}).get("meta", {})
                    tables[name] = DeclaredTable(
                        name,
                        _columns(table, f"{path}: table {name}"),
                        tuple(meta.get("identified_by", ())),
                    )
    return tables


def _columns(table: dict[str, Any], where: str) -> dict[str, DeclaredColumn]:
    columns: dict[str, DeclaredColumn] = {}
    for column in table.get("columns", []):
        data_type = column.get("data_type")
        if data_type is not None and not _TYPE.fullmatch(data_type):
            raise DeclarationError(
                f"{where}: column {column['name']}: data_type '{data_type}' is no DuckDB type "
                "such as varchar, integer, boolean or timestamptz"
            )
        meta = column.get("config", {}).get("meta", {})
        columns[column["name"]] = DeclaredColumn(
            data_type,
            required=bool(meta.get("required", False)),
            allowed=tuple(meta.get("allowed", ())),
            reads_as=meta.get("reads_as"),
        )
    return columns


def create_declared_tables(connection: duckdb.DuckDBPyConnection, project_dir: Path) -> None:
    """Make what is missing of the declared tables, empty, so that models build without data.

    Safe to repeat; a column that was added to a declaration is added to its table. Every tick calls
    it: one look at the catalogue, and statements only for what is missing.

    Raises:
        DeclarationError: a `__sources.yml` cannot be read.

    """
    columns = connection.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'raw'"
    )
    existing: dict[str, set[str]] = {}
    for table_name, column_name in columns.fetchall():
        existing.setdefault(table_name.casefold(), set()).add(column_name.casefold())
    for table in read_declared(project_dir).values():
        there = existing.get(table.name.casefold())
        lacking = [name for name in table.columns if name.casefold() not in (there or ())]
        if there is None or lacking:
            ensure_table(connection, table.name, lacking)


def ensure_table(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str]) -> None:
    """Make `raw.<name>` if it is not there, and add the columns it lacks. All columns are text.

    DuckDB knows names regardless of case: `Email` is the column `email`.
    """
    table = f"raw.{identifier(name)}"
    bookkeeping = ", ".join(f"{column} {kind} not null" for column, kind in _BOOKKEEPING.items())
    connection.execute(f"create table if not exists {table} ({bookkeeping})")
    for column in columns:
        connection.execute(
            f"alter table {table} add column if not exists {identifier(column)} varchar"
        )
