"""dbt on a copy of the project, in this process: parsed once for several commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run_dbt(project: Path, home: Path, *commands: Sequence[str]) -> list[list[Any]]:
    """Run dbt commands one after the other; return the node results of each.

    An error that keeps dbt from running a command fails the test. A failed node is a result.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    target = home / "dbt"
    options = [
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(target), "--log-path", str(target), "--log-level", "none"),
    ]
    found: list[list[Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENDHOUSE_HOME", str(home))
        try:
            parsed = dbtRunner().invoke(["parse", *options])
            assert parsed.success, parsed.exception
            for command in commands:
                ran = dbtRunner(manifest=parsed.result).invoke([*command, *options])
                assert ran.exception is None, ran.exception
                found.append([one for one in ran.result if one.node.resource_type != "operation"])
        finally:
            # dbt-duckdb keeps its connection, and so the lock, until the process ends.
            DuckDBConnectionManager.close_all_connections()
    return found
