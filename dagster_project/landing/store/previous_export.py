"""A CRM export beside the one before it: what came, went or was renamed, and what is missing."""

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
    connection: duckdb.DuckDBPyConnection, kind: Kind, file_id: str, columns: list[str]
) -> list[str]:
    """Tell which columns an export lacks or has, compared with the last one of its kind.

    Args:
        connection: the warehouse, with the export's rows in it and its row of `raw.files` not yet.
        kind: the export's kind.
        file_id: the export.
        columns: its columns.

    Returns:
        A sentence per column that looks renamed, one on those that are missing, one on new ones;
        none for the first export.

    """
    before = connection.execute(
        """select file_id, columns from raw.files
           where kind = $kind and error is null and columns is not null
           order by file_no desc limit 1""",
        {"kind": kind.name},
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
                f"column '{old}' is gone and '{now}' is new, with the same values in {percent} %: "
                f'if it was renamed, map it (columns = {{ … = "{now}" }}, see sendhouse.toml)'
            )
            gone, new = _without(gone, [old]), _without(new, [now])
    if gone:
        notices.append(f"columns that the last export had are missing: {', '.join(gone)}")
    if new:
        notices.append(f"new columns: {', '.join(new)}")
    return notices


def compare_rows(connection: duckdb.DuckDBPyConnection, kind: Kind, rows: int) -> str | None:
    """Tell whether a full snapshot has lost more records than its source says is to be believed.

    Args:
        connection: the warehouse, without the export's row of `raw.files`.
        kind: the export's kind.
        rows: its rows.

    """
    found = connection.execute(
        """select rows_landed from raw.files where kind = $kind and is_full
           order by file_no desc limit 1""",
        {"kind": kind.name},
    ).fetchall()
    before = found[0][0] if found else 0
    if rows >= before * (1 - kind.source.max_loss / 100):
        return None
    return (
        f"{rows:,} records where the last full snapshot had {before:,}: nobody is ended by it. If "
        f"they are really gone, raise max_loss of [sources.{kind.name}] in sendhouse.toml "
        "before the next snapshot"
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
    """Pair columns that hold the same values: (old name, new name, percent of records alike).

    Records of the two exports are brought together by a column whose values name one record each.
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
            (100 * same // told, old, now)
            for (old, now), same, told in zip(pairs, found[::2], found[1::2], strict=True)
            if told >= _MIN_RECORDS
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
    """Find a column whose values are all there and all different in both exports."""
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
