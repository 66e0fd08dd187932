"""dbt in this process: parse the project once, render its SQL once, build many times.

dbt parses and renders. A build runs the rendered SQL without dbt (`runner.py`), so a killed tick
leaves no process behind, and a tick imports dbt only if the project changed.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.home import private, warehouse
from dagster_project.home.settings import PROJECT_DIR, Settings
from dagster_project.project import plan as plans
from dagster_project.project import registry, renderings
from dagster_project.project.plan import Node, Plan
from dagster_project.project.renderings import NodeError, Rendering, Renderings
from dagster_project.project.runner import NodeResult, Runner

# The dbt selector of tests that a tick does not run.
SLOW_TESTS = f"tag:{plans.SLOW}"

SENDERS_DIR = PROJECT_DIR / "senders"
_PLAN = "plan.json"
_RENDERINGS = "renderings.json"

_PARSED_FOLDERS = ("models", "dbt")
_PARSED_FILES = ("dbt_project.yml", "profiles.yml")


class DbtError(Exception):
    """The project does not parse, or a model failed; the message is dbt's, with file and name."""


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
        files = files_mark(settings)
        stamp = _stamp(files)
        known = stamp_path.read_text(encoding="utf-8") if stamp_path.is_file() else None
        if known != stamp or not manifest_path.is_file():
            _parsed[files] = _parse(settings)
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
    with _parsing(settings):  # dbt of another process may be writing the file
        path = prepare(settings)
        return _manifest(path, path.stat().st_mtime_ns)


def build(
    settings: Settings, select: Sequence[str] = (), *, with_tests: bool = True
) -> list[NodeResult]:
    """Build and test the models with a changed input; slow tests are left to plain dbt.

    Args:
        settings: the installation.
        select: see `Plan.select`; none for every model.
        with_tests: whether data tests run; a failed test stops the models after its model.

    Returns:
        One result for each model and test that ran, and for each that a failure skipped.

    Raises:
        DbtError: the project does not parse. A failed model or test is a result, not an exception.
    """
    with warehouse.connect(settings.warehouse_path) as connection:
        return build_in(settings, connection, select, with_tests=with_tests)


def build_in(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    select: Sequence[str] = (),
    *,
    with_tests: bool = True,
) -> list[NodeResult]:
    """Build and test in an open warehouse; see `build`."""
    return build_project(load(settings), settings, connection, select, with_tests=with_tests)


def build_project(
    project: Project,
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    select: Sequence[str] = (),
    *,
    with_tests: bool = True,
) -> list[NodeResult]:
    """Build and test a project that is loaded; see `build`."""
    wanted = project.plan.select(select)
    with _environment(settings):
        render = partial(project.render, settings)
        results = Runner(connection, project.plan, project.renderings, render).run(
            wanted, with_tests=with_tests
        )
    if project.renderings.is_new:
        with _parsing(settings):
            renderings.save(settings.parsed_dir / _RENDERINGS, project.renderings)
    return results


def rendered(settings: Settings, model: str) -> list[Rendering]:
    """The SQL that builds have run for a model of this name, the newest last."""
    project = load(settings)
    [unique_id] = project.plan.select([model]) - {
        node.unique_id for node in project.plan.nodes if node.is_test
    }
    return project.renderings.of.get(unique_id, [])


@dataclass
class Project:
    """The project in one state of its files.

    Attributes:
        plan: the nodes in the order of a build.
        renderings: the SQL of the nodes, as far as it has been rendered.
        files: a hash of the project's files.
    """

    plan: Plan
    renderings: Renderings
    files: str

    def render(
        self,
        settings: Settings,
        node: Node,
        ask: renderings.Ask,
        connection: duckdb.DuckDBPyConnection,
    ) -> Rendering:
        """Let dbt render a node, for the installation that builds now.

        Raises:
            NodeError: dbt refuses the file, or the files have changed since the project was loaded.
        """
        from dagster_project.project.compiler import Compiler

        if self.files not in _compilers:
            if self.files not in _parsed and self.files != files_mark(settings):
                raise NodeError("the files of the project have changed since it was loaded")
            manifest = _manifest_object(settings, self.files)
            _compilers[self.files] = Compiler(settings, manifest)
        with _no_collector():
            return _compilers[self.files].render(node, ask, connection)


# By the stamp of the files: what this process has read or made of them.
_projects: dict[str, Project] = {}
_compilers: dict[str, Any] = {}


def load(settings: Settings) -> Project:
    """The project as its files are now.

    Raises:
        DbtError: the project does not parse.
    """
    files = files_mark(settings)
    stamp = _stamp(files)
    if stamp not in _projects:
        path = settings.parsed_dir / _PLAN
        kept = renderings.read_json(path)
        if kept.get("stamp") == stamp:
            plan = plans.loads(kept["plan"])
        else:
            project_file = (settings.project_dir / "dbt_project.yml").read_text(encoding="utf-8")
            try:
                plan = plans.make_plan(manifest(settings), project_file)
            except ValueError as error:
                raise DbtError(str(error)) from error
            with _parsing(settings):
                renderings.write_json(path, {"stamp": stamp, "plan": plans.dumps(plan)})
        rendered = renderings.load(settings.parsed_dir / _RENDERINGS, stamp)
        _projects[stamp] = Project(plan, rendered, files)
    project = _projects[stamp]
    if project.renderings.is_older(settings.parsed_dir / _RENDERINGS):
        # Another process has rendered more.
        project.renderings = renderings.load(settings.parsed_dir / _RENDERINGS, stamp)
    return project


def _stamp(files: str) -> str:
    """A hash of all that plan and renderings depend on.

    These are the project's files, the senders for Python models, this folder, and dbt itself.
    """
    digest = hashlib.sha256(files.encode())
    digest.update(_own_code().encode())
    return digest.hexdigest()


@cache
def _own_code() -> str:
    """The code that this process has imported: later versions on disk are not in use."""
    digest = hashlib.sha256()
    for path in sorted([*SENDERS_DIR.glob("*.py"), *Path(__file__).parent.glob("*.py")]):
        digest.update(f"{path.name}\0{path.stat().st_mtime_ns}\n".encode())
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(version(package).encode())
    return digest.hexdigest()


def warm_up(settings: Settings) -> None:
    """Parse the project now, so later builds of this process and its forks need no parse."""
    prepare(settings)
    _manifest_object(settings, files_mark(settings))
    load(settings)


def raise_for(results: Sequence[NodeResult]) -> None:
    """Raise an error for failed models and tests.

    Raises:
        DbtError: a model or test failed; the message names each with its reason.
    """
    broken = [result for result in results if result.status in ("error", "fail")]
    if broken:
        listed = "\n".join(f"{result.unique_id}: {result.message}" for result in broken)
        raise DbtError(f"{len(broken)} models or tests failed:\n{listed}")


def _runner() -> Any:  # noqa: ANN401 - dbt's own class, imported late
    from dbt.cli.main import dbtRunner

    return dbtRunner()


@contextmanager
def _environment(settings: Settings, home: str | None = None) -> Iterator[None]:
    """Set the variables that profiles.yml and macros read.

    SENDHOUSE_HOME is the folder of the warehouse. SENDHOUSE_EXAMPLE is the example whose models are
    enabled (dbt_project.yml).
    """
    variables = {
        "SENDHOUSE_HOME": home or str(settings.home),
        "SENDHOUSE_EXAMPLE": settings.live_example,
    }
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
    with _environment(settings, home="parsed"):
        result = _runner().invoke(["parse", *_arguments(settings)])
    if not result.success:
        raise DbtError(_said(str(result.exception)))
    return result.result


def _said(message: str) -> str:
    """Dbt's message without the chain of macros, which does not help the analyst."""
    lines = message.strip().splitlines()
    return "\n".join(line.rstrip() for line in lines if not line.startswith("  > ")).rstrip()


def _arguments(settings: Settings) -> list[str]:
    project, target = str(settings.project_dir), str(settings.parsed_dir)
    return [
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", target, "--log-path", target),
        # Errors have the messages.
        *("--log-level", "none", "--log-level-file", "none"),
    ]


def files_mark(settings: Settings) -> str:
    """A hash that changes when a file that dbt parses is added, removed or written.

    The registry does not count: it is written from the other files. Installations with another
    example have another hash.
    """
    paths = [settings.project_dir / name for name in _PARSED_FILES]
    for folder in _PARSED_FOLDERS:
        paths += [path for path in (settings.project_dir / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256(settings.live_example.encode())
    for path in sorted({*paths} - {settings.project_dir / registry.REGISTRY_FILE}):
        status = path.stat()
        digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.hexdigest()
