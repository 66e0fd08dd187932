"""The columns of a table, from DuckDB's catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def columns(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, *, numeric_only: bool = False
) -> list[str]:
    """List the columns of a table or view; empty if the table does not exist."""
    rows = connection.execute(
        """
        select column_name from duckdb_columns()
        where database_name = current_database() and schema_name = $schema and table_name = $table
            and (not $numeric_only or numeric_precision is not null)
        """,
        {"schema": schema, "table": table, "numeric_only": numeric_only},
    ).fetchall()
    return [name for (name,) in rows]
