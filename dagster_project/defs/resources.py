"""The resource of all assets: the settings, and the lock of the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dagster_project.defs import run_records
from dagster_project.home.settings import Settings, load_settings
from dagster_project.home.warehouse import exclusive


class Sendhouse(dg.ConfigurableResource):
    """One installation of Sendhouse, locked for the length of a run.

    The steps of a run share one process, so the lock spans the tick and a second tick waits.
    """

    wait_seconds: float = 600

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return load_settings()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Sendhouse]:
        """Hold the warehouse until the run ends."""
        if context.instance is not None and context.run is not None:
            context.instance.add_run_tags(context.run.run_id, run_records.process_tags())
        holder = f"Dagster run {context.run.run_id}" if context.run else "Dagster"
        with exclusive(self.settings.lock_path, holder, self.wait_seconds):
            yield self


@dg.definitions
def resources() -> dg.Definitions:
    """The installation, and the executor that runs all steps in one process."""
    return dg.Definitions(
        resources={"sendhouse": Sendhouse()},
        executor=dg.in_process_executor,
    )
