"""The job `tick`, its schedule, and the sensor that starts it early."""

from contextlib import AbstractContextManager

import dagster as dg

from dagster_project.defs import run_records
from dagster_project.defs.audit.assets import GROUP as AUDIT
from dagster_project.defs.backfill.assets import GROUP as BACKFILL
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.landing import pending_files

tick = dg.define_asset_job(
    "tick",
    # Without the audits, which read every value of the CRM, and without backfills of past days.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(AUDIT, BACKFILL),
    description=(
        "One pass of the loop: land new files, load the journal, build the models, dispatch what "
        "is due, publish. A run can die in any stage; the next run continues."
    ),
)


@dg.schedule(
    job=tick,
    cron_schedule=load_settings().schedule.tick_cron,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
def every_few_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Start a tick by schedule.tick_cron in sendhouse.toml."""
    if run_records.is_under_way(context.instance, tick.name):
        return dg.SkipReason("a tick is running or queued")
    try:
        with _free(load_settings(), "the schedule every_few_minutes"):
            return dg.RunRequest()
    except warehouse.WarehouseBusyError as error:
        return dg.SkipReason(f"{error}; the schedule retries later")


def _free(settings: Settings, what: str) -> AbstractContextManager[None]:
    """Hold the warehouse for a moment: `sendhouse run` or a command may work in it."""
    return warehouse.exclusive(settings.lock_path, what)


@dg.sensor(
    job=tick,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def new_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Start a tick when the landing folder has a new file."""
    settings = load_settings()
    if run_records.is_under_way(context.instance, tick.name):
        return dg.SkipReason("a tick is running or queued")
    try:
        with (
            _free(settings, "the sensor new_files"),
            warehouse.connect(settings.warehouse_path, wait_seconds=0) as connection,
        ):
            pending = pending_files(connection, settings)
    except warehouse.WarehouseBusyError as error:
        return dg.SkipReason(f"{error}; the sensor retries later")
    if not pending:
        return dg.SkipReason("no new file in the landing folder")
    context.log.info("%d new files", len(pending))
    return dg.RunRequest()
