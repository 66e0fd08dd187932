"""Compares a CRM export with the previous export: columns and number of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from dagster_project.landing.shapes.kinds import Kind

_ALIKE_PERCENT = 90
_MIN_RECORDS = 5


def compare_columns(
    connection: duckdb.DuckDBPyConnection, kind: Kind, file: tuple[str, int], columns: list[str]
) -> list[str]:
    """Describe renamed, missing and new columns, compared with the last export of the kind.

    Args:
        connection: the warehouse, with the export's rows.
        kind: the export's kind.
        file: the export's id and number.
        columns: the export's columns.

    Returns:
        A notice per renamed column, a notice on missing columns, a notice on new columns. The
        first export of a kind has no notices.

    """
    file_id, file_no = file
    before = connection.execute(
        """select file_id, columns from raw.files
           where kind = $kind and error is null and columns is not null and file_no < $file_no
           order by file_no desc limit 1""",
        {"kind": kind.name, "file_no": file_no},
    ).fetchall()
    if not before:
        return []
    [(before_id, columns_before)] = before
    gone, new = _without(columns_before, columns), _without(columns, columns_before)
    common = _without(columns, new)
    notices = []
    if gone and new:
        for old, now, percent in _renamed(
            connection, kind, (before_id, file_id), gone, new, common
        ):
            notices.append(
                f"column '{old}' is missing and column '{now}' is new, with the same values in "
                f"{percent} % of the records: if the CRM renamed the column, map the new name "
                f'(columns = {{ … = "{now}" }}, see sendhouse.toml)'
            )
            gone, new = _without(gone, [old]), _without(new, [now])
    if gone:
        notices.append(f"columns of the previous export are missing: {', '.join(gone)}")
    if new:
        notices.append(f"new columns: {', '.join(new)}")
    return notices


def compare_rows(
    connection: duckdb.DuckDBPyConnection, kind: Kind, file_no: int, rows: int
) -> str | None:
    """Return a notice if a full snapshot lost more records than `max_loss` allows, else None.

    Args:
        connection: the warehouse.
        kind: the export's kind.
        file_no: the export's number.
        rows: the number of rows.

    """
    found = connection.execute(
        """select rows_landed from raw.files where kind = $kind and is_full and file_no < $file_no
           order by file_no desc limit 1""",
        {"kind": kind.name, "file_no": file_no},
    ).fetchall()
    before = found[0][0] if found else 0
    if rows >= before * (1 - kind.source.max_loss / 100):
        return None
    return (
        f"{rows:,} records, but the last full snapshot had {before:,}: the snapshot ends no "
        "record. If the records were really deleted, raise max_loss of "
        f"[sources.{kind.name}] in sendhouse.toml before the next snapshot"
    )


def _without(columns: Iterable[str], others: Iterable[str]) -> list[str]:
    folded = {name.casefold() for name in others}
    return [name for name in columns if name.casefold() not in folded]


def _renamed(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    exports: tuple[str, str],
    gone: list[str],
    new: list[str],
    common: list[str],
) -> list[tuple[str, str, int]]:
    """Pair columns with the same values: (old name, new name, percent of equal records).

    The records of the two exports are joined by a column with unique values.
    """
    key = _key(connection, kind, exports, common)
    if key is None:
        return []
    pairs = [(old, now) for old in gone for now in new]
    counts = []
    for old, now in pairs:
        was, is_now = f"coalesce(b.{identifier(old)}, '')", f"coalesce(n.{identifier(now)}, '')"
        counts.append(f"count(*) filter (where {was} <> '' and {was} = {is_now})")
        counts.append(f"count(*) filter (where {was} <> '' or {is_now} <> '')")
    table = f"raw.{identifier(kind.table)}"
    [found] = connection.execute(
        f"""select {", ".join(counts)}
            from {table} as b inner join {table} as n using ({identifier(key)})
            where b._file_id = $before and n._file_id = $now""",  # noqa: S608 - quoted
        {"before": exports[0], "now": exports[1]},
    ).fetchall()
    ranked = sorted(
        (
            (100 * same // filled, old, now)
            for (old, now), same, filled in zip(pairs, found[::2], found[1::2], strict=True)
            if filled >= _MIN_RECORDS
        ),
        reverse=True,
    )
    renamed: dict[str, tuple[str, int]] = {}
    for percent, old, now in ranked:
        taken = {name for name, _ in renamed.values()}
        if percent >= _ALIKE_PERCENT and old not in renamed and now not in taken:
            renamed[old] = (now, percent)
    return [(old, now, percent) for old, (now, percent) in renamed.items()]


def _key(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    exports: tuple[str, str],
    common: list[str],
) -> str | None:
    """Find a column that is filled and unique in both exports."""
    for name in common:
        value = f"nullif({identifier(name)}, '')"
        [(names_records,)] = connection.execute(
            f"""select bool_and(records = named) from (
                    select count(*) as records, count(distinct {value}) as named
                    from raw.{identifier(kind.table)}
                    where list_contains($exports::varchar[], _file_id) group by _file_id
                )""",  # noqa: S608 - quoted
            {"exports": list(exports)},
        ).fetchall()
        if names_records:
            return name
    return None
