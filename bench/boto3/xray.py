"""Writes X-Ray's insights of 30 days with their events and impact graphs to the table in every run."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import common
from common import Record, Target, plain, time_text
from runtime import Context

LOOKBACK = timedelta(days=int(os.environ.get("LOOKBACK_DAYS", "30")))
RETENTION_DAYS = int(os.environ.get("RETENTION_DAYS", "400"))
# A margin for X-Ray's own clock and for the duration of a run.
MARGIN = timedelta(minutes=30)
# The maximum time span of a graph.
GRAPH_SPAN = timedelta(hours=6)

XRAY = common.client("xray")


def handler(_event: dict[str, Any], context: Context) -> dict[str, Any]:
    target = Target(context)
    now = datetime.now(UTC)
    reach = now - LOOKBACK + MARGIN

    def collect(summary: dict[str, Any]) -> list[Record]:
        records = insight_records(target, summary, reach)
        return [common.finish(record, RETENTION_DAYS) for record in records]

    written = 0
    seen: set[str] = set()
    for group in groups():
        for summaries in pages_of_summaries(group, reach, now):
            fresh = [summary for summary in summaries if summary["InsightId"] not in seen]
            seen.update(summary["InsightId"] for summary in fresh)
            written += common.write(common.in_threads(collect, fresh))
    return common.answer(written)


def groups() -> Iterator[dict[str, Any]]:
    """The groups with insights."""
    for page in XRAY.get_paginator("get_groups").paginate():
        for group in page["Groups"]:
            if group.get("InsightsConfiguration", {}).get("InsightsEnabled"):
                yield group


def pages_of_summaries(
    group: dict[str, Any], start: datetime, end: datetime
) -> Iterator[list[dict[str, Any]]]:
    parameters = {"GroupARN": group["GroupARN"], "StartTime": start, "EndTime": end, "MaxResults": 100}
    for page in common.pages(XRAY.get_insight_summaries, "NextToken", **parameters):
        yield page.get("InsightSummaries", [])


def insight_records(target: Target, summary: dict[str, Any], reach: datetime) -> list[Record]:
    """An insight, its events and its graph."""
    insight = XRAY.get_insight(InsightId=summary["InsightId"])["Insight"]
    updated = summary["LastUpdateTime"]
    pk = target.partition("xray", insight["InsightId"])
    is_closed = insight["State"] == "CLOSED"
    ended = insight.get("EndTime", updated) if is_closed else None
    records = [insight_record(target, pk, insight, updated, ended), *event_records(target, pk, insight)]
    end = ended or updated
    start = max(end - GRAPH_SPAN, reach)
    if start < end:
        records.append(graph_record(target, pk, insight, (start, end), updated))
    return records


def insight_record(
    target: Target, pk: str, insight: dict[str, Any], updated: datetime, ended: datetime | None
) -> Record:
    service = insight.get("RootCauseServiceId", {})
    entity = service.get("Name") or next(iter(service.get("Names", [])), None)
    statistics = decisive(insight)
    names = {"fault_count": "FaultCount", "ok_count": "OkCount", "total_count": "TotalCount"}
    title = common.one_line(insight.get("Summary"))
    return target.record(
        "xray.insight",
        pk,
        "insight",
        id=insight["InsightId"],
        title=title or f"{insight['State']} insight, root cause {entity or 'not named'}",
        status="closed" if ended else "open",
        severity=common.by_share(statistics.get("FaultCount"), statistics.get("TotalCount"), 0.5, 0.2, 0.05),
        entity=entity,
        measures={name: statistics[member] for name, member in names.items() if member in statistics},
        started_at=time_text(insight["StartTime"]),
        ended_at=ended and time_text(ended),
        updated_at=time_text(updated),
        detail={**plain(insight), "last_update_time": time_text(updated)},
    )


def decisive(insight: dict[str, Any]) -> dict[str, int]:
    """The statistics that determine the severity: those of the root cause, otherwise of the clients."""
    both = [
        insight.get("RootCauseServiceRequestImpactStatistics", {}),
        insight.get("ClientRequestImpactStatistics", {}),
    ]
    usable = (one for one in both if "FaultCount" in one and "TotalCount" in one)
    return next(usable, both[0] or both[1])


def event_records(target: Target, pk: str, insight: dict[str, Any]) -> Iterator[Record]:
    """Events have no id. Events of the same time are numbered in the order of their content."""
    parameters = {"InsightId": insight["InsightId"], "MaxResults": 50}
    answers = common.pages(XRAY.get_insight_events, "NextToken", **parameters)
    details = [plain(event) for page in answers for event in page.get("InsightEvents", [])]
    ordered = {
        (detail["event_time"], json.dumps(detail, sort_keys=True, default=str)): detail for detail in details
    }
    positions: Counter[str] = Counter()
    for (time, _), detail in sorted(ordered.items(), key=lambda item: item[0]):
        positions[time] += 1
        position = f"#{positions[time]}" if positions[time] > 1 else ""
        yield target.record(
            "xray.insight_event",
            pk,
            f"event#{time}{position}",
            title=common.one_line(detail.get("summary")) or "insight event without a summary",
            started_at=time,
            updated_at=time,
            detail=detail,
        )


def graph_record(
    target: Target,
    pk: str,
    insight: dict[str, Any],
    window: tuple[datetime, datetime],
    updated: datetime,
) -> Record:
    start, end = window
    parameters = {"InsightId": insight["InsightId"], "StartTime": start, "EndTime": end}
    graph: dict[str, Any] = {}
    for page in common.pages(XRAY.get_insight_impact_graph, "NextToken", **parameters):
        services = graph.get("Services", []) + page.get("Services", [])
        graph = {**page, "Services": services}
    left_out = ("NextToken", "ResponseMetadata")
    return target.record(
        "xray.impact_graph",
        pk,
        "graph",
        started_at=time_text(graph.get("StartTime", start)),
        ended_at=time_text(graph.get("EndTime", end)),
        updated_at=time_text(updated),
        detail=plain({name: value for name, value in graph.items() if name not in left_out}),
    )
