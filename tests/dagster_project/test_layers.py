"""Imports point one way: the order of the packages, and the libraries that each package may use."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import pytest

from dagster_project.home.settings import PROJECT_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator

# The packages of dagster_project from the lowest layer up: each imports only layers below its own.
# `definitions.py` is part of defs: it loads that folder, and a run in this process loads it.
LAYERS = (
    {"home"},
    {"landing", "project"},
    {"tick"},
    {"audit", "check", "replay", "resident"},
    {"defs", "definitions"},
    {"cli"},
)
LEVELS = {package: level for level, packages in enumerate(LAYERS) for package in packages}
SENDERS = {"senders", "collector"}
DAGSTER = {"dagster", "dagster_dbt"}


def modules(*packages: str) -> list[str]:
    """Every module below some packages, by its dotted name."""
    paths = (path for package in packages for path in (PROJECT_DIR / package).rglob("*.py"))
    return sorted(
        ".".join(path.relative_to(PROJECT_DIR).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
    )


MODULES = modules("dagster_project", *SENDERS)


@cache
def parsed(module: str) -> ast.Module:
    folder = PROJECT_DIR.joinpath(*module.split("."))
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """The modules that a module imports, also within functions and for type checking."""
    return frozenset(_imports(parsed(module)))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "a relative import"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & {*MODULES}
            # `from package import module` imports the module.
            yield from submodules or {node.module}


def all_imports(module: str) -> set[str]:
    """The modules that a module imports, directly or through other modules."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        new = imports(waiting.pop()) - found
        found |= new
        waiting += new & {*MODULES}
    return found


def sending_modules() -> set[str]:
    """The dispatch and its journal, and each sender: a module with a function `create`."""
    sender_modules = {
        module
        for module in modules("senders")
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "create"
            for node in parsed(module).body
        )
    }
    assert sender_modules >= {"senders.file", "senders.smtp"}
    return {"senders.dispatch", "senders.journal", *sender_modules}


def top(module: str) -> str:
    return module.partition(".")[0]


def room(module: str) -> str:
    """The package of a module below dagster_project; empty for dagster_project itself."""
    return module.split(".")[1] if "." in module else ""


def test_every_package_has_a_layer():
    assert {room(module) for module in modules("dagster_project")} - {""} == LEVELS.keys()


@pytest.mark.parametrize("module", modules("dagster_project"))
def test_a_package_imports_only_lower_layers(module: str):
    upward = [
        imported
        for imported in imports(module)
        if top(imported) == "dagster_project"
        and room(imported) not in {"", room(module)}
        and not {room(module), room(imported)} <= LAYERS[LEVELS["defs"]]
        and LEVELS[room(imported)] >= LEVELS[room(module)]
    ]
    assert upward == []


def test_only_defs_imports_dagster():
    importing = {room(module) for module in MODULES if {*map(top, imports(module))} & DAGSTER}
    assert importing == {"defs", "definitions"}


@pytest.mark.parametrize("module", modules(*SENDERS))
def test_senders_and_collector_import_neither_dagster_project_nor_dagster_nor_duckdb(module: str):
    assert not {*map(top, imports(module))} & {"dagster_project", "duckdb", "dbt", *DAGSTER}


def test_senders_do_not_import_the_collector_and_the_collector_imports_declarations_only():
    assert not [m for m in modules("senders") if "collector" in map(top, imports(m))]
    shared = {name for m in modules("collector") for name in imports(m) if top(name) == "senders"}
    assert shared == {
        "senders.links",
        "senders.secrets",
        "senders.fact_limits",
        "senders.tracking_types",
    }


@pytest.mark.parametrize("module", modules("dagster_project/replay"))
def test_a_replay_reaches_neither_the_dispatch_nor_a_sender(module: str):
    assert "senders" not in map(top, imports(module))
    reached = all_imports(module)
    # The settings and the registry read only declarations of senders, such as bounce rules.
    assert not reached & {
        "dagster_project.tick.dispatch",
        "dagster_project.tick.sender",
        *sending_modules(),
    }
