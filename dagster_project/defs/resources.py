"""What assets are given: the settings, and the warehouse for themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dagster_project.defs import runs
from dagster_project.home.settings import Settings, load_settings
from dagster_project.home.warehouse import exclusive


class Sendhouse(dg.ConfigurableResource):
    """One installation of Sendhouse, held for the length of a run.

    Runs execute their steps in one process, so the lock spans the tick: a second one waits.
    """

    wait_seconds: float = 600

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return load_settings()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Sendhouse]:
        """Wait for the warehouse, hold it while the run lasts."""
        if context.instance is not None and context.run is not None:
            context.instance.add_run_tags(context.run.run_id, runs.process_tags())
        what = f"Dagster run {context.run.run_id}" if context.run else "Dagster"
        with exclusive(self.settings.lock_path, what, self.wait_seconds):
            yield self


@dg.definitions
def resources() -> dg.Definitions:
    """The installation; steps of a run share one process."""
    return dg.Definitions(
        resources={"sendhouse": Sendhouse()},
        executor=dg.in_process_executor,
    )
