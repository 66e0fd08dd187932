from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR, Settings, load_settings
from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing import LandedFile, create_declared_tables, land_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import duckdb

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


class Landing:
    """A warehouse with a landing folder: put files, land them, read the rows."""

    def __init__(self, settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
        self.settings = settings
        self.connection = connection

    def put(self, place: str, content: str | bytes) -> Path:
        path = self.settings.landing_dir / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def put_parquet(self, place: str, select: str) -> Path:
        path = self.put(place, b"")
        self.connection.sql(select).write_parquet(str(path))
        return path

    def land(self, at: datetime = NOON) -> list[LandedFile]:
        return land_new(self.connection, self.settings, at)

    def land_one(self, place: str, content: str | bytes) -> LandedFile:
        self.put(place, content)
        (landed,) = self.land()
        return landed

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.sql(query).fetchall()

    def rejects(self) -> list[tuple[int | None, str, str | None]]:
        return self.rows("select line, reason, content from raw.rejects order by line, reason")


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse to copy, because creating a warehouse takes longer than most tests."""
    path = tmp_path_factory.mktemp("blank") / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        create_declared_tables(connection, PROJECT_DIR)
    return path


@pytest.fixture
def make_landing(tmp_path: Path, blank: Path) -> Iterator[Callable[..., Landing]]:
    """Return a function that creates a landing with the given sources (name to keys)."""
    opened = []

    def make(project_dir: Path | None = None, **sources: dict[str, Any]) -> Landing:
        own = {} if project_dir is None else {"project_dir": project_dir}
        settings = load_settings(
            home=tmp_path / "var",
            sources={name: SourceSettings.model_validate(keys) for name, keys in sources.items()},
            **own,
        )
        settings.home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blank, settings.warehouse_path)
        context = warehouse.connect(settings.warehouse_path)
        connection = context.__enter__()
        opened.append(context)
        if project_dir is not None:
            create_declared_tables(connection, project_dir)
        return Landing(settings, connection)

    yield make
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture
def landing(make_landing: Callable[..., Landing]) -> Landing:
    """A landing without sources."""
    return make_landing()
