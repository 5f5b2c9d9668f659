"""Writes the checks of EKS clusters that do not pass to the table in every run."""

import os
from typing import Any

import common
from common import Record, Target, plain, time_text
from runtime import Context

RETENTION_DAYS = int(os.environ.get("RETENTION_DAYS", "400"))
SEVERITIES = {"ERROR": "high", "WARNING": "medium"}

EKS = common.client("eks")


def handler(_event: dict[str, Any], context: Context) -> dict[str, Any]:
    target = Target(context)
    failing = common.in_threads(checks, clusters())
    records = common.in_threads(lambda check: check_records(target, *check), failing)
    return common.answer(common.write(records))


def clusters() -> list[str]:
    pages = EKS.get_paginator("list_clusters").paginate()
    return [name for page in pages for name in page["clusters"]]


def checks(cluster: str) -> list[tuple[str, str]]:
    """The checks of a cluster that do not pass."""
    pages = EKS.get_paginator("list_insights").paginate(clusterName=cluster)
    summaries = [summary for page in pages for summary in page["insights"]]
    return [
        (cluster, summary["id"]) for summary in summaries if summary["insightStatus"]["status"] != "PASSING"
    ]


def check_records(target: Target, cluster: str, id_: str) -> list[Record]:
    """The period in the current status, and an event with the same answer."""
    insight = EKS.describe_insight(clusterName=cluster, id=id_)["insight"]
    status = insight["insightStatus"]["status"]
    started, refreshed = time_text(insight["lastTransitionTime"]), time_text(insight["lastRefreshTime"])
    pk = target.partition("eks", cluster, id_, started)
    title = f"{cluster}: {common.one_line(insight['name'])}: {status}"
    # The keys of additionalInfo are data.
    detail = {**plain(insight), "additional_info": insight.get("additionalInfo")}
    detail = {name: value for name, value in detail.items() if value is not None}
    record = target.record(
        "eks.insight",
        pk,
        "insight",
        id=id_,
        title=title,
        status="open",
        severity=SEVERITIES.get(status, "low"),
        entity=cluster,
        measures={},
        started_at=started,
        updated_at=refreshed,
        detail=detail,
    )
    event = target.record(
        "eks.insight_event",
        pk,
        f"event#{refreshed}",
        title=title,
        started_at=refreshed,
        updated_at=refreshed,
        detail=detail,
    )
    return [common.finish(event, RETENTION_DAYS), common.finish(record, RETENTION_DAYS)]
