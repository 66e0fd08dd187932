"""Stage three: what is due leaves."""

import dagster as dg

from dagster_project import outgoing
from dagster_project.defs.resources import Sendhouse


@dg.asset(
    key=["delivery", "dispatch"],
    deps=[["delivery", "send_queue"]],
    pool="warehouse",
    group_name="delivery",
    owners=["team:data"],
    kinds={"email"},
)
def dispatch(context: dg.AssetExecutionContext, sendhouse: Sendhouse) -> dg.MaterializeResult:
    """Send what is queued, each once: the journal is written before and after every message.

    The warehouse is closed before the first connection to a server is made.
    """
    report = outgoing.dispatch_due(sendhouse.settings)
    for problem in report.problems:
        context.log.warning("send %s %s: %s", problem.send_id, problem.status, problem.detail)
    return dg.MaterializeResult(
        metadata={
            "sent": report.sent,
            "deferred": report.deferred,
            "rejected": report.rejected,
            "failed": report.failed,
            "unknown": report.unknown,
            "skipped": dg.MetadataValue.json(dict(report.skipped)),
            "settled": dg.MetadataValue.json(dict(report.settled)),
        }
    )
