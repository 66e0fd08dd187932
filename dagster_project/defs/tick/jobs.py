"""The tick, when it runs by itself, and what starts it early."""

import dagster as dg

from dagster_project import warehouse
from dagster_project.defs.audit.assets import GROUP as AUDIT
from dagster_project.landing import pending_files
from dagster_project.settings import load_settings

tick = dg.define_asset_job(
    "tick",
    # The audit looks at every value of the CRM; mail need not wait for that.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(AUDIT),
    description=(
        "One pass of the loop: land new files, load the journal, build the models, dispatch what "
        "is due, publish. It can die anywhere; the next one carries on."
    ),
)

every_few_minutes = dg.ScheduleDefinition(
    name="every_few_minutes",
    job=tick,
    cron_schedule=load_settings().schedule.tick_cron,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="The tick by the clock: schedule.tick_cron in sendhouse.toml.",
)


@dg.sensor(
    job=tick,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def new_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A tick as soon as a file is in the landing folder that has not been landed."""
    settings = load_settings()
    try:
        with warehouse.connect(settings.warehouse_path, read_only=True) as connection:
            pending = pending_files(connection, settings)
    except warehouse.WarehouseBusyError as error:
        return dg.SkipReason(f"{error}; looking again later")
    if not pending:
        return dg.SkipReason("nothing new in the landing folder")
    # One run for one set of files: asking again before it has landed them starts no second.
    newest = max(path.stat().st_mtime_ns for path in pending)
    context.log.info("%d new files", len(pending))
    return dg.RunRequest(run_key=f"{len(pending)}-{newest}")
