"""Sources elsewhere: what is new on S3 or in PostgreSQL becomes files of the landing folder.

Nothing keeps a position that could get ahead of what has landed: a file's name says which version
of which object, or which stretch of which query, it holds; and the ledger and the folder say which
files there are. A fetch that is killed anywhere is done again, or goes on.
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
    """What became of one look at a remote source."""

    source: str
    files: list[Path] = field(default_factory=list)
    """New in the landing folder."""
    error: str | None = None
    """Why not everything that is new has come. Holds nothing of the source's rows."""

    def __str__(self) -> str:
        if self.error is not None:
            return f"[sources.{self.source}]: not all fetched: {self.error}"
        return f"[sources.{self.source}]: {len(self.files)} new files"


def fetch_new(settings: Settings) -> list[Fetched]:
    """Bring what is new in every remote source to the landing folder, for `land_new` to land.

    The caller holds the warehouse (`warehouse.exclusive`), but does not have it open: it is opened
    for what is known before and for what came of it after, and closed while a server is talked to.

    Args:
        settings: the sources, and where the landing folder is.

    Returns:
        What became of each source, by name. A source that fails keeps none of the others from
        being looked at, and raises nothing.

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
    """List, in words, the remote sources whose last fetch failed."""
    rows = connection.execute(
        "select source, error from raw.fetches where error is not null order by source"
    ).fetchall()
    return [str(Fetched(name, error=error)) for name, error in rows if name in settings.sources]


def _landed(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, set[str]]:
    """List the names of the files that landed, by kind: they need not be there any more.

    Of a query's full snapshots the last one only: what an earlier one said may be said again.
    """
    names: dict[str, set[str]] = {}
    for (kind, path), (_, past) in raw_files.seen(connection).items():
        if past.error is None:
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
        return Fetched(name, files, f"{folder} cannot be written to: {error.strerror or error}")
    return Fetched(name, files)


def _new_files(kind: Kind, folder: Path, known: Collection[str]) -> Iterator[Path]:
    # Either library takes a moment to load, and most installations need neither.
    if kind.source.query is not None:
        from dagster_project.landing.fetch import postgres

        return postgres.fetch(kind, folder, known)
    from dagster_project.landing.fetch import s3

    return s3.fetch(kind, folder, known)


def _record(
    connection: duckdb.DuckDBPyConnection, fetched: list[Fetched], fetched_at: datetime
) -> None:
    """Keep how it went, per source; the last success stays known through failures."""
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
