"""The tick, when it runs by itself, and what starts it early."""

import dagster as dg

from dagster_project.defs import runs
from dagster_project.defs.audit.assets import GROUP as AUDIT
from dagster_project.defs.backfill.assets import GROUP as BACKFILL
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.landing import pending_files

tick = dg.define_asset_job(
    "tick",
    # The audit looks at every value of the CRM; mail need not wait for that. A backfill is of the
    # past, and for whoever asks for it.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(AUDIT, BACKFILL),
    description=(
        "One pass of the loop: land new files, load the journal, build the models, dispatch what "
        "is due, publish. It can die anywhere; the next one carries on."
    ),
)


@dg.schedule(
    job=tick,
    cron_schedule=load_settings().schedule.tick_cron,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
def every_few_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """The tick by the clock: schedule.tick_cron in sendhouse.toml."""
    if runs.is_under_way(context.instance, tick.name):
        return dg.SkipReason("a tick is under way")
    return dg.RunRequest()


@dg.sensor(
    job=tick,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def new_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A tick as soon as a file is in the landing folder that has not been landed."""
    settings = load_settings()
    if runs.is_under_way(context.instance, tick.name):
        return dg.SkipReason("a tick is under way")
    try:
        with (
            warehouse.exclusive(settings.lock_path, "the sensor new_files"),
            warehouse.connect(settings.warehouse_path, wait_seconds=0) as connection,
        ):
            pending = pending_files(connection, settings)
    except warehouse.WarehouseBusyError as error:
        return dg.SkipReason(f"{error}; looking again later")
    if not pending:
        return dg.SkipReason("nothing new in the landing folder")
    context.log.info("%d new files", len(pending))
    return dg.RunRequest()
