"""Remote sources: new objects on S3 and new rows in PostgreSQL become files in the landing folder.

No stored position can get ahead of the landed files. A file's name says which object version, or
which part of which query, the file holds. `raw.files` and the folder say which files exist. A
killed fetch is repeated or continued.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.home import warehouse
from dagster_project.landing.errors import FetchError, KindError
from dagster_project.landing.shapes.kinds import parse_kind
from dagster_project.landing.store import raw_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    import duckdb

    from dagster_project.home.settings import Settings
    from dagster_project.landing.shapes.kinds import Kind


@dataclass(frozen=True)
class Fetched:
    """The result of one fetch from a remote source."""

    source: str
    files: list[Path] = field(default_factory=list)
    """New files in the landing folder."""
    error: str | None = None
    """Why the fetch is incomplete. Contains no row of the source."""

    def __str__(self) -> str:
        if self.error is not None:
            return f"[sources.{self.source}]: fetch incomplete: {self.error}"
        return f"[sources.{self.source}]: {len(self.files)} new files"


def fetch_new(settings: Settings) -> list[Fetched]:
    """Fetch new data of every remote source into the landing folder; `land_new` lands it.

    The caller holds the warehouse lock (`warehouse.exclusive`), but not an open connection. This
    function opens the warehouse before the fetch (known files) and after the fetch (results). The
    warehouse is closed during calls to a server.

    Args:
        settings: the sources and the landing folder.

    Returns:
        The result per source, ordered by name. A failed source raises nothing and does not stop
        the other sources.

    """
    remote = sorted(name for name, source in settings.sources.items() if source.is_remote)
    if not remote:
        return []
    with warehouse.connect(settings.warehouse_path) as connection:
        landed = _landed(connection, settings)
    fetched = [_fetch(name, settings, landed.get(name, set())) for name in remote]
    with warehouse.connect(settings.warehouse_path) as connection:
        _record(connection, fetched, warehouse.require_clock(connection).now())
    return fetched


def unfetched(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Describe the remote sources whose last fetch failed, one line per source."""
    rows = connection.execute(
        "select source, error from raw.fetches where error is not null order by source"
    ).fetchall()
    return [str(Fetched(name, error=error)) for name, error in rows if name in settings.sources]


def _landed(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, set[str]]:
    """List the names of all landed files by kind, including files that were deleted since.

    For full snapshots of a query only the last file counts: an earlier result may return.
    """
    names: dict[str, set[str]] = {}
    for (kind, path), (_, outcome) in raw_files.known_paths(connection).items():
        if outcome.error is None:
            names.setdefault(kind, set()).add(Path(path).name)
    for kind, path in raw_files.last_landed(connection).items():
        source = settings.sources.get(kind)
        if source is not None and source.query is not None and source.snapshot == "full":
            names[kind] = {path.name}
    return names


def _fetch(name: str, settings: Settings, landed: set[str]) -> Fetched:
    files: list[Path] = []
    folder = settings.landing_dir / name
    try:
        kind = parse_kind(name, settings.sources)
        folder.mkdir(parents=True, exist_ok=True)
        known = landed | {path.name for path in folder.iterdir()}
        files.extend(_new_files(kind, folder, known))
    except (FetchError, KindError) as error:
        return Fetched(name, files, str(error))
    except OSError as error:
        return Fetched(name, files, f"cannot write to {folder}: {error.strerror or error}")
    return Fetched(name, files)


def _new_files(kind: Kind, folder: Path, known: Collection[str]) -> Iterator[Path]:
    # boto3 and psycopg load slowly, and most installations need neither.
    if kind.source.query is not None:
        from dagster_project.landing.fetch import postgres

        return postgres.fetch(kind, folder, known)
    from dagster_project.landing.fetch import s3

    return s3.fetch(kind, folder, known)


def _record(
    connection: duckdb.DuckDBPyConnection, fetched: list[Fetched], fetched_at: datetime
) -> None:
    """Write the result of each source to `raw.fetches`; a failure keeps the last success."""
    for source in fetched:
        connection.execute(
            """insert into raw.fetches values ($source, $at, $succeeded_at, $files, $error)
               on conflict (source) do update set
                   tried_at = excluded.tried_at,
                   succeeded_at = coalesce(excluded.succeeded_at, succeeded_at),
                   files = excluded.files,
                   error = excluded.error""",
            {
                "source": source.source,
                "at": fetched_at,
                "succeeded_at": fetched_at if source.error is None else None,
                "files": len(source.files),
                "error": source.error,
            },
        )
