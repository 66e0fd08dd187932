"""dbt in this process: parse once, build many times, close the warehouse after each build.

There are two reasons for the same process. A killed tick ends dbt too, so no orphan writes to the
warehouse while the next tick starts. And the project is parsed once per process, not once per tick.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.home import private, warehouse
from dagster_project.home.settings import Settings
from dagster_project.project import kept, registry

# Tests that cost as much as the model they test: plain `dbt build` runs them, a tick does not.
SLOW_TESTS = "tag:slow"

_PARSED_FOLDERS = ("models", "dbt")
_PARSED_FILES = ("dbt_project.yml", "profiles.yml")


class DbtError(Exception):
    """The project does not parse, or a model failed; the message is dbt's, with file and name."""


@dataclass(frozen=True)
class NodeResult:
    """The result of one model or test.

    Attributes:
        unique_id: dbt's id of the node.
        status: dbt's status: success, pass, fail, warn, error or skipped.
        seconds: execution time.
        message: dbt's message; the reason of a failure.
        failures: the number of wrong rows that a test found.
    """

    unique_id: str
    status: str
    seconds: float
    message: str
    failures: int

    @property
    def is_ok(self) -> bool:
        """Whether the model was built, or the test passed or only warned."""
        return self.status in ("success", "pass", "warn")


@dataclass(frozen=True)
class Statement:
    """An SQL statement by which dbt builds a model.

    Attributes:
        unique_id: dbt's id of the model.
        materialized: table, view or incremental.
        sql: the statement; `BEGIN` and `COMMIT` are statements too.
    """

    unique_id: str
    materialized: str
    sql: str


def prepare(settings: Settings) -> Path:
    """Update the registry and the manifest from the project's files.

    Returns:
        The path of manifest.json.

    Raises:
        DbtError: the project does not parse.
    """
    manifest_path = settings.parsed_dir / "manifest.json"
    stamp_path = settings.parsed_dir / "parsed-from"
    # Dagster's code server, a run and the CLI may start together; one of them parses.
    with _parsing(settings), private.unrestricted():
        registry.refresh(settings.project_dir)
        stamp = _fingerprint(settings)
        known = stamp_path.read_text(encoding="utf-8") if stamp_path.is_file() else None
        if known != stamp or not manifest_path.is_file():
            _parsed[stamp] = _parse(settings)
            stamp_path.write_text(stamp, encoding="utf-8")
    return manifest_path


def _parsing(settings: Settings) -> AbstractContextManager[None]:
    lock = settings.parsed_dir / "parse.lock"
    return warehouse.exclusive(lock, "dbt parse", wait_seconds=120, resource="the dbt project")


@cache
def _manifest(path: Path, modified_ns: int) -> Mapping[str, Any]:
    del modified_ns  # part of the cache's key: a rewritten manifest is read again
    return json.loads(path.read_text(encoding="utf-8"))


def manifest(settings: Settings) -> Mapping[str, Any]:
    """The content of dbt's manifest.json, for the files as they are now."""
    path = prepare(settings)
    return _manifest(path, path.stat().st_mtime_ns)


def _kept_models(settings: Settings) -> Mapping[tuple[str, str], str]:
    path = prepare(settings)
    return _fingerprints(path, path.stat().st_mtime_ns, settings.project_dir / "dbt_project.yml")


@cache
def _fingerprints(path: Path, modified_ns: int, project: Path) -> Mapping[tuple[str, str], str]:
    return kept.fingerprints(_manifest(path, modified_ns), project.read_text(encoding="utf-8"))


def build(
    settings: Settings,
    select: Sequence[str] = (),
    *,
    with_tests: bool = True,
    on_statement: Callable[[Statement], None] | None = None,
) -> list[NodeResult]:
    """Build models in order and test each; unit tests and slow tests are left to development.

    Args:
        settings: the installation.
        select: dbt selectors; none for every model.
        with_tests: whether data tests run; a failed test stops the models after its model.
        on_statement: called with each statement of a model, in order.

    Raises:
        DbtError: dbt could not start. A failed model or test is a result, not an exception.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    arguments = ["build", "--no-write-json", "--exclude-resource-type", "unit_test"]
    kept_models = _kept_models(settings)
    files = _fingerprint(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        kept.forget_changed(connection, kept_models)
        mark = kept.project_mark(connection, files)
        views_stand = kept.views_stand(connection, manifest(settings), mark)
        is_new_mark = not select and kept.is_new_mark(connection, mark)
    excluded = [SLOW_TESTS]
    if not with_tests:
        arguments += ["--exclude-resource-type", "test"]
        # dbt spends a fifth of a small build on views that stay. With tests, dbt needs these views:
        # it runs no test of an excluded model.
        excluded += ["config.materialized:view"] if views_stand else []
    arguments += ["--exclude", *excluded]
    if select:
        arguments += ["--select", *select]
    parsed = _manifest_object(settings, files)
    try:
        with (
            _environment(
                SENDHOUSE_HOME=str(settings.home),
                SENDHOUSE_PROJECT_MARK=mark,
                SENDHOUSE_EXAMPLE=settings.live_example,
            ),
            _no_collector(),
        ):
            result = _runner(parsed, on_statement).invoke(
                [*arguments, *_common_arguments(settings, settings.dbt_target_dir)]
            )
    finally:
        # dbt-duckdb keeps its connection for the life of the process, and DuckDB its lock with it.
        DuckDBConnectionManager.close_all_connections()
    if result.exception is not None:
        raise DbtError(_said(str(result.exception))) from result.exception
    if is_new_mark and result.success:
        with warehouse.connect(settings.warehouse_path) as connection:
            kept.renew_mark(connection, mark, files)
    return [
        NodeResult(
            unique_id=node.node.unique_id,
            status=str(node.status),
            seconds=float(node.execution_time),
            message=_said(str(node.message or "")),
            failures=int(node.failures or 0),
        )
        for node in result.result.results
        if node.node.resource_type in ("model", "test", "seed")
    ]


def warm_up(settings: Settings) -> None:
    """Parse the project now, so later builds of this process need no parse."""
    prepare(settings)
    _manifest_object(settings, _fingerprint(settings))


def raise_for(results: Sequence[NodeResult]) -> None:
    """Raise an error for failed models and tests.

    Raises:
        DbtError: a model or test failed; the message names each with its reason.
    """
    broken = [result for result in results if result.status in ("error", "fail")]
    if broken:
        listed = "\n".join(f"{result.unique_id}: {result.message}" for result in broken)
        raise DbtError(f"{len(broken)} models or tests failed:\n{listed}")


def _runner(
    parsed: Any = None,  # noqa: ANN401 - dbt's own classes, imported late
    on_statement: Callable[[Statement], None] | None = None,
) -> Any:  # noqa: ANN401
    from dbt.cli.main import dbtRunner

    def tell(event: Any) -> None:  # noqa: ANN401 - dbt's EventMsg
        if event.info.name == "SQLQuery" and on_statement is not None:
            node = event.data.node_info
            if node.resource_type == "model":
                on_statement(Statement(node.unique_id, node.materialized, event.data.sql))

    return dbtRunner(manifest=parsed, callbacks=[] if on_statement is None else [tell])


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set the variables that profiles.yml and macros read.

    SENDHOUSE_HOME is the folder of the warehouse. SENDHOUSE_PROJECT_MARK is a mark of the project:
    a view with the same mark stays (dbt/macros/kept_until.sql). SENDHOUSE_EXAMPLE is the example
    whose models are enabled (dbt_project.yml).
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_collector() -> Iterator[None]:
    """Switch the garbage collector off: it costs a tenth of a build and frees almost nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# dbt's manifest objects of this process, by the fingerprint of the parsed files.
_parsed: dict[str, Any] = {}


def _manifest_object(settings: Settings, fingerprint: str) -> Any:  # noqa: ANN401
    if fingerprint not in _parsed:
        with _parsing(settings):
            _parsed[fingerprint] = _parse(settings)
    return _parsed[fingerprint]


def _parse(settings: Settings) -> Any:  # noqa: ANN401 - dbt's Manifest
    """Parse the project; dbt reads only the files that changed since its last parse.

    The manifest names no home, so one parse serves every home. dbt parses everything again when
    the home in profiles.yml changes, so every parse has the same home, which is never opened.
    """
    with _environment(SENDHOUSE_HOME="parsed", SENDHOUSE_EXAMPLE=settings.live_example):
        result = _runner().invoke(["parse", *_common_arguments(settings, settings.parsed_dir)])
    if not result.success:
        raise DbtError(_said(str(result.exception)))
    return result.result


def _said(message: str) -> str:
    """Dbt's message without the chain of macros, which does not help the analyst."""
    lines = message.strip().splitlines()
    return "\n".join(line.rstrip() for line in lines if not line.startswith("  > ")).rstrip()


def _common_arguments(settings: Settings, target: Path) -> list[str]:
    project = str(settings.project_dir)
    return [
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", str(target), "--log-path", str(target)),
        # Results have the messages. The log costs a tenth of a small build, whatever its level.
        *("--log-level", "none", "--log-level-file", "none"),
    ]


def _fingerprint(settings: Settings) -> str:
    """A hash that changes when a file that dbt parses is added, removed or written.

    Installations with another example have another hash.
    """
    paths = [settings.project_dir / name for name in _PARSED_FILES]
    for folder in _PARSED_FOLDERS:
        paths += [path for path in (settings.project_dir / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256(settings.live_example.encode())
    for path in sorted(paths):
        status = path.stat()
        digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.hexdigest()
