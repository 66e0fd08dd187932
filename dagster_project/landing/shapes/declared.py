"""The raw CRM tables that models expect, declared in `models/staging/<crm>/__sources.yml`.

Each folder with such a file is a CRM; no other list of CRMs exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

# DuckDB type names, with precision and nesting: decimal(18, 2), varchar[].
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*(\(\d+(, ?\d+)?\))?(\[\])?")
_INSTANTS = ("timestamptz", "timestamp with time zone")
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "hugeint", "float", "real", "double", "decimal")
_TYPES_READ = {
    "instant": "timestamptz",
    "date": "date",
    "number": "decimal(18, 4)",
    "integer": "integer",
    "boolean": "boolean",
}
# Every tick reads the declarations; libyaml's loader, if installed, is ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# `_file_no` increases with each file: of two exports with the same instant, the later one counts.
_BOOKKEEPING = {
    "_file_id": "varchar",
    "_file_no": "bigint",
    "_line": "bigint",
    "_received_at": "timestamptz",
}


class DeclarationError(Exception):
    """A `__sources.yml` is invalid; the message names the file, the place and the remedy."""


@dataclass(frozen=True)
class DeclaredColumn:
    """A column that models expect."""

    data_type: str | None
    """The DuckDB type that every value must cast to; None for any text."""
    required: bool
    """Whether every row must have a value."""
    reads_as: str | None = None
    """The type that models try to parse: instant, date, number, integer, boolean, …"""
    means: str | None = None
    """What the column holds; files may use any name of this meaning (`column_names.csv`)."""
    also: tuple[str, ...] = ()
    """Other names of this column alone."""

    @property
    def is_any_text(self) -> bool:
        """Whether every text is a value of the column."""
        return not (self.data_type or self.required or self.reads_as)

    @property
    def is_instant(self) -> bool:
        """Whether the text is a time, with an offset or in the source's time zone."""
        data_type = (self.data_type or "").lower()
        return data_type in _INSTANTS or self.reads_as == "instant"

    @property
    def duckdb_type(self) -> str | None:
        """The DuckDB type of the values that models read; None for any text."""
        return self.data_type or _TYPES_READ.get(self.reads_as or "")

    @property
    def is_date(self) -> bool:
        """Whether the text is a day."""
        return (self.data_type or "").lower() == "date" or self.reads_as == "date"

    @property
    def is_number(self) -> bool:
        """Whether the text is a number with the source's decimal sign."""
        data_type = (self.data_type or "").lower()
        return data_type.startswith(_NUMBERS) or self.reads_as in ("number", "integer")


@dataclass(frozen=True)
class DeclaredTable:
    """A table under schema `raw` that models expect."""

    name: str
    """The name in the warehouse, for example `standard__contacts`."""
    columns: dict[str, DeclaredColumn]
    identified_by: tuple[str, ...] = ()
    """Candidate id columns; the first column with a value identifies the record."""
    called: tuple[str, ...] = ()
    """The object's names, which some exports put before or after a column's name."""
    prefixes: tuple[str, ...] = ()
    """Prefixes that tools put before the vendor's own names, such as `property_`."""
    families: tuple[str, ...] = ()
    """Regular expressions of further columns that models read, regardless of case."""
    enabled: bool = True
    """Whether dbt_project.yml enables the models that read the table."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that may identify a record; without `identified_by`, the required column."""
        required = (name for name, column in self.columns.items() if column.required)
        return self.identified_by or (next(required, "id"),)


def read_declared(project_dir: Path) -> dict[str, DeclaredTable]:
    """Read the declared CRM tables, by their name in the warehouse.

    A declared table is a source with schema `raw` in `models/staging/**/__sources.yml` and the
    name `<source>__<object>` (dbt's `identifier`, else `name`).

    Raises:
        DeclarationError: a file is not YAML, or declares an unknown type.

    """
    paths = sorted((project_dir / "models" / "staging").glob("**/__sources.yml"))
    stats = [(path, path.stat()) for path in (*paths, *project_dir.glob("dbt_project.yml"))]
    files = tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)
    return dict(_read(project_dir, files))


@lru_cache(maxsize=4)
def _read(
    project_dir: Path, files: tuple[tuple[Path, int, int], ...]
) -> Mapping[str, DeclaredTable]:
    """Read the files, given with time and size: the same files were read before."""
    tables: dict[str, DeclaredTable] = {}
    disabled = _disabled(project_dir)
    for path in (path for path, *_ in files if path.name == "__sources.yml"):
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
                        called=tuple(meta.get("called", ())),
                        prefixes=tuple(meta.get("prefixes", ())),
                        families=tuple(meta.get("families", ())),
                        enabled=path.parent.name not in disabled,
                    )
    return tables


def _disabled(project_dir: Path) -> set[str]:
    """Return the folders of models/staging that dbt_project.yml disables."""
    path = project_dir / "dbt_project.yml"
    if not path.is_file():
        return set()
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506
        staging = content["models"][content["name"]].get("staging") or {}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DeclarationError(f"{path}: cannot be read as a dbt project: {error}") from error
    return {
        folder
        for folder, keys in staging.items()
        if isinstance(keys, dict) and keys.get("+enabled") is False
    }


def _columns(table: dict[str, Any], where: str) -> dict[str, DeclaredColumn]:
    columns: dict[str, DeclaredColumn] = {}
    for column in table.get("columns", []):
        data_type = column.get("data_type")
        if data_type is not None and not _TYPE.fullmatch(data_type):
            raise DeclarationError(
                f"{where}: column {column['name']}: unknown data_type '{data_type}' (examples: "
                "varchar, integer, boolean, timestamptz)"
            )
        meta = column.get("config", {}).get("meta", {})
        columns[column["name"]] = DeclaredColumn(
            data_type,
            required=bool(meta.get("required", False)),
            reads_as=meta.get("reads_as"),
            means=meta.get("means"),
            also=tuple(meta.get("also", ())),
        )
    return columns


def create_declared_tables(connection: duckdb.DuckDBPyConnection, project_dir: Path) -> None:
    """Create missing declared tables and columns, so that models build without data.

    Safe to repeat. Every tick calls the function: it reads the catalogue once, and runs a
    statement only for a missing table or column.

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
    """Create `raw.<name>` if it is missing, and add missing columns as text.

    DuckDB ignores the case of names: `Email` is the column `email`.
    """
    table = f"raw.{identifier(name)}"
    all_columns = [f"{column} {kind} not null" for column, kind in _BOOKKEEPING.items()]
    all_columns += [f"{identifier(column)} varchar" for column in columns]
    connection.execute(f"create table if not exists {table} ({', '.join(all_columns)})")
    there = connection.execute(f"select column_name from (describe {table})").fetchall()  # noqa: S608
    known = {column.casefold() for (column,) in there}
    for column in columns:
        if column.casefold() not in known:
            connection.execute(
                f"alter table {table} add column if not exists {identifier(column)} varchar"
            )
