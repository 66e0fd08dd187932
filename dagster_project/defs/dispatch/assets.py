"""The stage `dispatch`: send the due messages."""

from dataclasses import asdict

import dagster as dg

from dagster_project.defs.resources import Sendhouse
from dagster_project.tick import stages
from dagster_project.tick.report import not_done


@dg.asset(
    key=["delivery", "dispatch"],
    deps=[["delivery", "send_queue"]],
    pool="warehouse",
    group_name="delivery",
    owners=["team:data"],
    kinds={"email"},
)
def dispatch(context: dg.AssetExecutionContext, sendhouse: Sendhouse) -> dg.MaterializeResult:
    """Send the rows of the send queue, each once.

    The journal is written before and after each message. The warehouse is closed during each
    connection to a server.
    """
    report = stages.dispatch(sendhouse.settings)
    for problem in report.problems:
        context.log.warning("send %s %s: %s", problem.send_id, problem.status, problem.detail)
    return dg.MaterializeResult(
        metadata={
            **report.counts(),
            "not_done": dg.MetadataValue.json([asdict(one) for one in not_done(report)]),
            "skipped": dg.MetadataValue.json(dict(report.skipped)),
            "settled": dg.MetadataValue.json(dict(report.settled)),
        }
    )
