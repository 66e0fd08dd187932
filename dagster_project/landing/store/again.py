"""Reads landed files again, or forgets them: as if each had been read rightly the first time.

A file keeps its number and its landing time. Of two files with the same event, the file with the
lower number keeps it, whichever was read last. Later files are read again too, in their order, if
their result depends on a changed file:

- files of events that repeat, or contradict, an event whose content changed or is gone;
- files of events with an event that a changed file has now;
- full snapshots of the same kind, which are compared with their predecessor.

All statements run in the caller's transaction: a dry run is a transaction that is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.home.sql import identifier
from dagster_project.landing.errors import FileChangedError, FileRejectedError, KindError
from dagster_project.landing.shapes.declared import read_declared
from dagster_project.landing.shapes.facts import CONFLICT
from dagster_project.landing.shapes.kinds import parse_kind
from dagster_project.landing.store.files import kept_copy, sha256_of, state_of
from dagster_project.landing.store.raw_files import FORGOTTEN, Fingerprint, LandedFile
from dagster_project.landing.store.write import rewrite_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    import duckdb

    from dagster_project.home.settings import Settings

_FACTS = ("events", "tracking")
_COLUMNS = (
    "file_id, file_no, kind, path, sha256, table_name, is_full, rows_landed, rows_duplicate, "
    "rows_rejected, bytes, mapping, error, landed_at"
)
_IS_LANDED = f"(error is null or error = '{FORGOTTEN}')"
_COMPANY = ("company", "account", "organi")
"""Parts of the names of tables and columns that hold ids of companies."""


class AgainError(Exception):
    """Landed files cannot be read again or forgotten; nothing changed. The message says why."""


@dataclass(frozen=True)
class Landed:
    """A row of `raw.files`."""

    file_id: str
    file_no: int
    kind: str
    path: Path
    sha256: str
    table: str | None
    is_full: bool
    rows_landed: int
    rows_duplicate: int
    rows_rejected: int
    bytes: int
    mapping: str
    error: str | None
    landed_at: datetime


@dataclass(frozen=True)
class ReadAgain:
    """A file before and after.

    Attributes:
        path: the file, as it landed first.
        kind: the file's kind.
        mapping: the mapping before and after, as JSON.
        landed: the rows before and after; likewise duplicate and rejected rows.
        notices: remarks of the new reading.
    """

    path: Path
    kind: str
    mapping: tuple[str, str]
    landed: tuple[int, int]
    duplicate: tuple[int, int]
    rejected: tuple[int, int]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """The rows of `raw.*` that a correction changes.

    Attributes:
        new: rows that only the new reading has.
        gone: rows that only the old reading has.
        changed: rows with another content.
        contacts: known contacts that these rows name, or whose company they name.
        unknown_keys: keys of these rows that no known contact has.
    """

    new: int = 0
    gone: int = 0
    changed: int = 0
    contacts: int = 0
    unknown_keys: int = 0


@dataclass
class Correction:
    """The result of reading files again, or of forgetting them.

    Attributes:
        files: each file, in the order of landing.
        difference: the rows that differ.
        first_no: the lowest number of a changed file.
    """

    files: list[ReadAgain] = field(default_factory=list)
    difference: Difference = field(default_factory=Difference)
    first_no: int = 0


def other_mappings(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, int]:
    """Count the landed files that were read with another mapping than their source has now."""
    now: list[tuple[str, str]] = []
    for name in settings.sources:
        try:
            now.append((name, parse_kind(name, settings.sources).mapping))
        except KindError:
            continue  # reported when a file lands
    found = connection.execute(
        """select files.kind, count(*)
           from raw.files as files
           inner join (
               select unnest($kinds::varchar[]) as kind, unnest($mappings::varchar[]) as is_now
           ) as sources on files.kind = sources.kind
           where files.error is null and starts_with(files.mapping, '{')
               and files.mapping <> sources.is_now
           group by files.kind order by files.kind""",
        {"kinds": [kind for kind, _ in now], "mappings": [mapping for _, mapping in now]},
    ).fetchall()
    return dict(found)


def find_landed(
    connection: duckdb.DuckDBPyConnection, settings: Settings, name: str, *, is_kind: bool
) -> list[Landed]:
    """Find the landed files that a command's argument names.

    Args:
        connection: the warehouse.
        settings: the sources.
        name: a source or another kind (if `is_kind`), a file's path, the path or name that it
            landed under, or its file_id.
        is_kind: whether a kind is allowed, which names all its landed files.

    Raises:
        AgainError: the argument names no landed file, or several files have that name.

    """
    if is_kind:
        landed = "kind = $name and error is null and table_name is not null"
        of_kind = _landed(connection, landed, {"name": name})
        if of_kind:
            return of_kind
    if name in settings.sources:
        raise AgainError(
            f"[sources.{name}]: no landed file; name a forgotten file by its path or file_id"
            if is_kind
            else f"'{name}' is a source: name the files to forget; raw.files lists them"
        )
    path = Path(name)
    ways: list[tuple[str, dict[str, object]]] = [("file_id = $name", {"name": name})]
    if path.is_file():
        ways.append(("sha256 = $sha256", {"sha256": sha256_of(path)}))
    # `sendhouse land` puts a hash before the name of its copy.
    names = {"path": str(path.absolute()), "name": path.name, "end": f"-{path.name}"}
    ways.append(("path = $path", {"path": names["path"]}))
    base = "parse_filename(path)"
    ways.append(
        (
            f"{base} = $name or (length({base}) = length($name) + 9 and ends_with({base}, $end))",
            {"name": names["name"], "end": names["end"]},
        )
    )
    refused: list[Landed] = []
    for condition, values in ways:
        found = _landed(connection, f"({condition}) and {_IS_LANDED}", values)
        if len({file.sha256 for file in found}) > 1 or len({file.kind for file in found}) > 1:
            listed = "".join(f"\n  {file.file_id}  {file.path} ({file.kind})" for file in found)
            raise AgainError(f"several landed files are named '{name}': name one file_id:{listed}")
        if found:
            return [file for each in found for file in _of_archive(connection, each)]
        refused += _landed(connection, f"({condition}) and not {_IS_LANDED}", values)
    if refused:
        raise AgainError(
            f"'{name}' has no rows, because it did not land: {refused[0].error}. The next tick or "
            "`sendhouse land` reads it when it is mended"
        )
    raise AgainError(
        f"no landed file is named '{name}': name a source, or a file by its path or file_id; "
        "raw.files lists them"
    )


def _of_archive(connection: duckdb.DuckDBPyConnection, file: Landed) -> list[Landed]:
    """The files of an archive, whose names begin with its id; for another file the file itself."""
    if file.table is not None or file.error is not None:
        return [file]
    return _landed(
        connection,
        f"kind = $kind and {_IS_LANDED} and starts_with(parse_filename(path), $mark)",
        {"kind": file.kind, "mark": f"{file.file_id[:8]}-"},
    )


def read_again(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[Landed],
    *,
    forget: bool = False,
) -> Correction:
    """Read landed files again with today's mapping, or forget them.

    Args:
        connection: the warehouse, in a transaction. After an error the caller rolls it back. The
            connection works with one thread from now on.
        settings: the sources, and the landing folder with the landed files.
        files: the files, from `find_landed`.
        forget: whether the files' rows are only deleted.

    Raises:
        AgainError: a file is no longer kept, or the new mapping rejects it as a whole.

    """
    # DuckDB 2.0 with several threads: after an insert without rows, a later insert of many rows
    # into the same table in the same transaction loses these rows, also after the commit.
    connection.execute("set threads = 1")
    before = {file.file_id: file for file in files}
    forgotten = {*before} if forget else set[str]()
    difference = _Difference(connection, settings)
    results: dict[str, LandedFile] = {}
    reading = sorted(before.values(), key=lambda file: file.file_no)
    while True:
        difference.remember(reading)
        _delete(connection, reading)
        results = _read_all(connection, settings, reading, forgotten)
        more = [
            file
            for file in _dependent(connection, reading, difference)
            if file.file_id not in before
        ]
        if not more:
            break
        before |= {file.file_id: file for file in more}
        reading = sorted(before.values(), key=lambda file: file.file_no)
    return Correction(
        [_compared(file, results[file.file_id], settings) for file in reading],
        difference.result(before),
        min((file.file_no for file in reading), default=0),
    )


def _landed(
    connection: duckdb.DuckDBPyConnection, where: str, values: Mapping[str, object]
) -> list[Landed]:
    rows = connection.execute(
        f"select {_COLUMNS} from raw.files where {where} order by file_no",  # noqa: S608 - ours
        dict(values),
    ).fetchall()
    return [
        Landed(file_id, file_no, kind, Path(path), *rest)
        for file_id, file_no, kind, path, *rest in rows
    ]


def _delete(connection: duckdb.DuckDBPyConnection, files: Iterable[Landed]) -> None:
    for file in files:
        if file.table is not None:
            column = "file_id" if file.table in _FACTS else "_file_id"
            connection.execute(
                f"delete from raw.{identifier(file.table)} where {column} = $id",  # noqa: S608
                {"id": file.file_id},
            )


def _read_all(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Iterable[Landed],
    forgotten: Collection[str],
) -> dict[str, LandedFile]:
    results: dict[str, LandedFile] = {}
    problems: list[str] = []
    for file in files:
        try:
            results[file.file_id] = (
                _forget(connection, file)
                if file.file_id in forgotten
                else _read(connection, settings, file)
            )
        except (AgainError, KindError, FileRejectedError) as error:
            problems.append(f"{file.path} ({file.kind}): {error}")
        except FileChangedError:
            problems.append(f"{file.path} ({file.kind}): {FileChangedError.message}")
    if problems:
        raise AgainError("nothing changed, because a file cannot land:\n" + "\n".join(problems))
    return results


def _forget(connection: duckdb.DuckDBPyConnection, file: Landed) -> LandedFile:
    """Leave only the file's row in `raw.files`, so that no tick lands the file again."""
    connection.execute("delete from raw.rejects where file_id = $id", {"id": file.file_id})
    connection.execute(
        """update raw.files set
               error = $error, rows_landed = 0, rows_duplicate = 0, rows_rejected = 0,
               is_full = false, columns = null, notices = []
           where file_id = $id""",
        {"id": file.file_id, "error": FORGOTTEN},
    )
    return LandedFile(file.path, file.kind, file.file_id, error=FORGOTTEN)


def _read(connection: duckdb.DuckDBPyConnection, settings: Settings, file: Landed) -> LandedFile:
    kind = parse_kind(file.kind, settings.sources)
    copy = kept_copy(settings, file.path, file.sha256, file.bytes)
    if copy is None:
        raise AgainError(
            "the file is no longer kept: put it back at this path, or name the other files instead "
            "of the source. `sendhouse forget` deletes its rows"
        )
    named = Fingerprint(
        file.kind, file.sha256, state_of(copy), kind.mapping, _times(connection, file), file.file_no
    )
    return rewrite_rows(connection, copy, kind, settings, named, file.landed_at, file.path)


def _times(connection: duckdb.DuckDBPyConnection, file: Landed) -> int:
    """How often the content of a returned snapshot landed before this file (see Fingerprint)."""
    [(times,)] = connection.execute(
        """select count(*) from raw.files
           where kind = $kind and sha256 = $sha256 and file_no < $file_no""",
        {"kind": file.kind, "sha256": file.sha256, "file_no": file.file_no},
    ).fetchall()
    return times


def _dependent(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Landed], difference: _Difference
) -> list[Landed]:
    """Find the later files whose result depends on these files."""
    first_by_kind: dict[str, int] = {}
    for file in reversed(files):
        first_by_kind[file.kind] = file.file_no
    found: list[Landed] = []
    for kind, first in first_by_kind.items():
        # Of full snapshots only: `max_loss` compares each with the one before it.
        snapshots = """kind = $kind and error is null and file_no > $first and table_name not in
            ('events', 'tracking') and exists (
                select 1 from raw.files as f where f.kind = $kind and f.is_full
            )"""
        found += _landed(connection, snapshots, {"kind": kind, "first": first})
    for table in {file.table for file in files if file.table in _FACTS}:
        first = min(file.file_no for file in files if file.table == table)
        if difference.has_changed(table):
            repeating = f"""table_name = '{table}' and file_no > $first and error is null and (
                rows_duplicate > 0 or file_id in (
                    select file_id from raw.rejects where starts_with(reason, '{CONFLICT}')
                )
            )"""  # noqa: S608 - our own names
            found += _landed(connection, repeating, {"first": first})
        having = f"""table_name = '{table}' and file_no > $first and file_id in (
            select file_id from raw.{table} where event_id in (
                select event_id from raw.{table} where list_contains($ids::varchar[], file_id)
            )
        )"""  # noqa: S608 - our own names
        ids = [file.file_id for file in files]
        found += _landed(connection, having, {"first": first, "ids": ids})
    return found


def _compared(file: Landed, landed: LandedFile, settings: Settings) -> ReadAgain:
    now = file.mapping
    if landed.error is None:
        now = parse_kind(file.kind, settings.sources).mapping
    return ReadAgain(
        file.path,
        file.kind,
        (file.mapping, now),
        (file.rows_landed, landed.rows_landed),
        (file.rows_duplicate, landed.rows_duplicate),
        (file.rows_rejected, landed.rows_rejected),
        landed.notices,
    )


class _Difference:
    """The rows of the changed files before the change, in a temporary table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self._connection = connection
        self._declared = read_declared(settings.project_dir)
        self._remembered: set[str] = set()
        self._tables: set[str] = set()
        for table in ("landing_before", "landing_after"):
            connection.execute(
                f"""create or replace temp table {table} (
                    table_name varchar, row_id varchar, content varchar,
                    keys varchar[], companies varchar[]
                )"""
            )

    def remember(self, files: Iterable[Landed]) -> None:
        """Keep the rows of files before they change; each file is remembered once."""
        for file in files:
            if file.table is None or file.file_id in self._remembered:
                continue
            self._remembered.add(file.file_id)
            column = "file_id" if file.table in _FACTS else "_file_id"
            self._insert(file.table, f"{column} = $id", {"id": file.file_id})

    def has_changed(self, table: str) -> bool:
        """Whether an event that a file had before is gone or differs."""
        row_id, content, _, _ = _FACT_ROWS[table]
        [(changed,)] = self._connection.execute(
            f"""select exists (
                    select 1 from landing_before as before
                    left join (
                        select {row_id} as row_id, {content} as content from raw.{table}
                    ) as now on before.row_id = now.row_id
                    where before.table_name = '{table}'
                        and before.content is distinct from now.content
                )"""  # noqa: S608 - our own names
        ).fetchall()
        return changed

    def result(self, files: Collection[str]) -> Difference:
        """Compare the rows of the files with now."""
        tables = {
            name
            for (name,) in self._connection.execute(
                """select distinct table_name from raw.files
                   where list_contains($files::varchar[], file_id) and table_name is not null""",
                {"files": list(files)},
            ).fetchall()
        }
        for table in sorted(tables | self._tables):
            where = "list_contains($files::varchar[], _file_id)"
            if table in _FACTS:
                where = "list_contains($files::varchar[], file_id)"
            self._insert(table, where, {"files": list(files)}, into="landing_after")
        [(new, gone, changed)] = self._connection.execute(_COUNTS).fetchall()
        return Difference(new, gone, changed, *self._contacts())

    def _insert(
        self, table: str, where: str, values: Mapping[str, object], into: str = "landing_before"
    ) -> None:
        self._tables.add(table)
        row_id, content, keys, companies = (
            _FACT_ROWS[table] if table in _FACTS else self._crm_rows(table)
        )
        self._connection.execute(
            f"""insert into {into}
                select '{table}', {row_id}, {content}, {keys}, {companies}
                from raw.{identifier(table)} as t where {where}""",  # noqa: S608 - our own names
            dict(values),
        )

    def _crm_rows(self, table: str) -> tuple[str, str, str, str]:
        """SQL of a CRM row: its id, its content, the keys of contacts and of companies."""
        present = [
            name
            for (name,) in self._connection.execute(
                """select column_name from information_schema.columns
                   where table_schema = 'raw' and table_name = $table""",
                {"table": table},
            ).fetchall()
        ]
        declared = self._declared.get(table)
        named = {"id", "contact_id", "email"}
        if declared is not None:
            named |= {name.casefold() for name in declared.identified_by}
            named |= {name.casefold() for name, its in declared.columns.items() if its.required}
        keys: list[str] = []
        companies: list[str] = []
        for name in present:
            folded = name.casefold()
            is_company = any(part in folded for part in _COMPANY)
            if is_company and "id" in folded:
                companies.append(identifier(name))
            elif folded in named or "mail" in folded:
                of_company = any(part in table for part in _COMPANY)
                (companies if of_company else keys).append(identifier(name))
        vendor = table.partition("__")[0]
        return (
            "concat(_file_id, ' ', _line)",
            "json_merge_patch('{}', to_json(t)::json)::varchar",
            _all_keys(keys, vendor),
            _all_keys(companies, vendor),
        )

    def _contacts(self) -> tuple[int, int]:
        """Count the known contacts that differing rows name, and keys of no known contact."""
        existing = {
            name
            for (name,) in self._connection.execute(
                """select table_name from information_schema.tables
                   where table_schema = 'contacts'"""
            ).fetchall()
        }
        if not {"contact_identities", "contacts"} <= existing:
            [(keys,)] = self._connection.execute(
                f"select count(distinct named[1]) from ({_DIFFERING_KEYS})"  # noqa: S608 - ours
            ).fetchall()
            return 0, keys
        [counts] = self._connection.execute(_CONTACTS).fetchall()
        return counts


def _all_keys(columns: Sequence[str], vendor: str) -> str:
    """SQL of the keys that a row may mean: as written, and with the vendor's prefix."""
    if not columns:
        return "[]::varchar[]"
    written = ", ".join(f"lower(trim({column}))" for column in columns)
    return f"""list_filter(
        flatten(list_transform([{written}], lambda key: [key, '{vendor}:' || key])),
        lambda key: key <> ''
    )"""


_FACT_ROWS = {
    "events": (
        "event_id",
        "concat_ws(chr(31), contact_key, company_key, name, occurred_at, received_at, properties)",
        "list_filter([lower(trim(contact_key))], lambda key: key is not null)",
        "list_filter([lower(trim(company_key))], lambda key: key is not null)",
    ),
    "tracking": (
        "event_id",
        "concat_ws(chr(31), send_id, email, type, occurred_at, received_at, provider, detail)",
        "list_filter([lower(trim(email))], lambda key: key is not null)",
        "[]::varchar[]",
    ),
}
_COUNTS = """
    select
        count(*) filter (where before.row_id is null),
        count(*) filter (where after.row_id is null),
        count(*) filter (where before.content <> after.content)
    from landing_before as before
    full join landing_after as after
        on before.table_name = after.table_name and before.row_id = after.row_id
"""
_DIFFERING = """
    select coalesce(before.keys, []) as was, coalesce(after.keys, []) as is_now,
        list_concat(coalesce(before.companies, []), coalesce(after.companies, [])) as companies
    from landing_before as before
    full join landing_after as after
        on before.table_name = after.table_name and before.row_id = after.row_id
    where before.content is distinct from after.content
"""
# Each row's keys: as it was and as it is now.
_DIFFERING_KEYS = f"""
    select distinct was as named from ({_DIFFERING}) where len(was) > 0
    union
    select distinct is_now from ({_DIFFERING}) where len(is_now) > 0
"""  # noqa: S608 - our own names
_CONTACTS = f"""
    with

    named as (
        {_DIFFERING_KEYS}
    ),

    written as (
        select distinct named[1] as row_key, unnest(named) as key from named
    ),

    known as (
        select written.row_key, identities.contact_id
        from written
        inner join contacts.contact_identities as identities on written.key = lower(identities.key)
    ),

    of_companies as (
        select contacts.contact_id
        from contacts.contacts as contacts
        inner join (select distinct unnest(companies) as company_id from ({_DIFFERING})) as changed
            on lower(contacts.company_id) = changed.company_id
    )

    select
        (
            select count(*) from (
                select contact_id from known union select contact_id from of_companies
            )
        ),
        (select count(distinct row_key) from written anti join known using (row_key))
"""  # noqa: S608 - our own names
