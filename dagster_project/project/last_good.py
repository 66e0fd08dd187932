"""Builds of a resident process, which go on with the last good project when a file is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.project import dbt
from dagster_project.project.dbt import DbtError, NodeResult, Project


class LastGood:
    """Builds the project as its files are; while they do not work, as they last did.

    The first build of a process has no earlier project: its errors are those of `dbt.build`.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """Call `say` with the reason whenever an earlier project takes over."""
        self._say = say
        self._good: Project | None = None
        self._broken: set[str] = set()

    def build(
        self, settings: Settings, select: Sequence[str] = (), *, with_tests: bool = True
    ) -> list[NodeResult]:
        """Build and test the models with a changed input; see `dbt.build`.

        Raises:
            DbtError: the project does not parse, and no earlier project is known.
        """
        with warehouse.connect(settings.warehouse_path) as connection:

            def run(project: Project) -> list[NodeResult]:
                return dbt.build_project(
                    project, settings, connection, select, with_tests=with_tests
                )

            files = dbt.files_mark(settings)
            if self._good is not None and files in self._broken:
                return run(self._good)
            results: list[NodeResult] = []
            try:
                project = dbt.load(settings)
                results = run(project)
                dbt.raise_for(results)
            except DbtError as error:
                if self._good is None or self._good.files == files:
                    if not results:
                        raise
                    return results
                self._broken.add(files)
                self._say(f"error: {error}. The tick goes on with the earlier project")
                return run(self._good)
            if project is not self._good:
                dbt.warm_up(settings)  # to render more of it when its files are gone
                self._good = project
            return results
