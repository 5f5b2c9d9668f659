"""Writes CloudTrail's insights and their metric series for the whole look-back to the table in every run.

A series is requested at one period and stored in chunks: an hour at 60 s, six at 300 s, a day at 3600 s.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import common
from common import Record, Target, plain, time_text
from runtime import Context

LOOKBACK = timedelta(days=int(os.environ.get("LOOKBACK_DAYS", "63")))
RETENTION_DAYS = int(os.environ.get("RETENTION_DAYS", "400"))
PERIOD = int(os.environ.get("CLOUDTRAIL_PERIOD", "300"))
CHUNK = {60: 3_600, 300: 6 * 3_600, 3_600: 86_400}[PERIOD]
# A margin for CloudTrail's own clock and for the duration of a run.
MARGIN = timedelta(minutes=30)

CLOUDTRAIL = common.client("cloudtrail")


@dataclass(frozen=True)
class Series:
    """The key of a metric series."""

    event_source: str
    event_name: str
    insight_type: str
    error_code: str | None
    trail_arn: str | None

    def members(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value is not None}


def handler(_event: dict[str, Any], context: Context) -> dict[str, Any]:
    target = Target(context)
    now = datetime.now(UTC)
    halves = halves_by_insight(insight_events(now - LOOKBACK, now))
    insights = [insight_record(target, id_, found) for id_, found in halves.items()]
    written = common.write([common.finish(insight, RETENTION_DAYS) for insight in insights])
    named = {series_of(half) for found in halves.values() for half in found.values()}
    # Only whole chunks, except for the last: a chunk that CloudTrail has partly deleted would replace the complete one.
    chunk = timedelta(seconds=CHUNK)
    start = common.floor(now - LOOKBACK + MARGIN, CHUNK) + chunk
    end = common.floor(now, PERIOD)

    def collect(series: Series) -> int:
        records = chunk_records(target, series, start, end)
        return common.write_here([common.finish(record, RETENTION_DAYS) for record in records])

    written += sum(common.EXECUTOR.map(collect, named))
    return common.answer(written)


def insight_events(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """The insight events about management events, and those of trails with insights about data events."""
    window = {"StartTime": start, "EndTime": end}
    looked_up = CLOUDTRAIL.get_paginator("lookup_events").paginate(
        EventCategory="insight", PaginationConfig={"PageSize": 50}, **window
    )
    for page in looked_up:
        yield from page["Events"]
    for trail in data_trails():
        parameters = {"InsightSource": trail, "DataType": "InsightsEvents", "MaxResults": 50, **window}
        for page in common.pages(CLOUDTRAIL.list_insights_data, "NextToken", **parameters):
            yield from page.get("Events", [])


def data_trails() -> Iterator[str]:
    for trail in CLOUDTRAIL.describe_trails()["trailList"]:
        if trail.get("HasInsightSelectors"):
            arn = trail["TrailARN"]
            selectors = CLOUDTRAIL.get_insight_selectors(TrailName=arn).get("InsightSelectors", [])
            if any("Data" in selector.get("EventCategories", []) for selector in selectors):
                yield arn


def halves_by_insight(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The Start and End event of each insight with names in snake_case, and the members of the look-up."""
    insights: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in events:
        half = plain(json.loads(event["CloudTrailEvent"], parse_float=Decimal))
        half["event_time"] = time_text(datetime.fromisoformat(half["event_time"]))
        half["lookup"] = plain({name: value for name, value in event.items() if name != "CloudTrailEvent"})
        insights[half["shared_event_id"]][half["insight_details"]["state"].lower()] = half
    return insights


def series_of(half: dict[str, Any]) -> Series:
    details = half["insight_details"]
    is_data = details.get("source_event_category") == "Data"
    return Series(
        details["event_source"],
        details["event_name"],
        details["insight_type"],
        details.get("error_code"),
        details.get("insight_source") if is_data else None,
    )


def insight_record(target: Target, id_: str, halves: dict[str, Any]) -> Record:
    start, end = halves.get("start"), halves.get("end")
    best: dict[str, Any] = end or halves["start"]
    details = best["insight_details"]
    statistics = details["insight_context"]["statistics"]
    average = statistics["insight"]["average"]
    baseline = statistics["baseline"]["average"]
    if start:
        started_at = start["event_time"]
    else:
        minutes = float(statistics["insight_duration"])
        started_at = time_text(datetime.fromisoformat(best["event_time"]) - timedelta(minutes=minutes))
    code = f"{details['error_code']} error" if "error_code" in details else "call"
    title = (
        f"{details['event_name']} on {details['event_source']}: "
        f"{code} rate {average} a minute, baseline {baseline}"
    )
    return target.record(
        "cloudtrail.insight",
        target.partition("cloudtrail", id_),
        "insight",
        id=id_,
        title=common.one_line(title),
        status="closed" if end else "open",
        severity=severity(float(average), float(baseline)),
        entity=details["event_source"],
        measures={"insight_average": average, "baseline_average": baseline},
        started_at=started_at,
        ended_at=end and end["event_time"],
        updated_at=best["event_time"],
        detail=halves,
    )


def severity(average: float, baseline: float) -> str:
    ratio = average / max(baseline, 0.01)
    thresholds = (("critical", 100), ("high", 20), ("medium", 5))
    return next((name for name, from_ in thresholds if ratio >= from_), "low")


def chunk_records(target: Target, series: Series, start: datetime, end: datetime) -> Iterator[Record]:
    detail = series.members()
    pk = target.partition("cloudtrail", *(value or "" for value in vars(series).values()))
    for second, points in sorted(chunks_of_points(series, start, end).items()):
        begin = datetime.fromtimestamp(second, UTC)
        over = begin + timedelta(seconds=CHUNK)
        covered_until = time_text(min(over, end))
        timestamps, values = zip(*points, strict=True)
        yield target.record(
            "cloudtrail.metric",
            pk,
            f"metric#{PERIOD}#{time_text(begin)}",
            started_at=time_text(begin),
            ended_at=time_text(over),
            updated_at=covered_until,
            period=PERIOD,
            timestamps=list(timestamps),
            values=list(values),
            covered_from=time_text(begin),
            covered_until=covered_until,
            detail=detail,
        )


def chunks_of_points(series: Series, start: datetime, end: datetime) -> dict[int, list[tuple[int, Decimal]]]:
    """The non-zero points, by the start of their chunk in epoch seconds."""
    parameters = {
        "EventSource": series.event_source,
        "EventName": series.event_name,
        "InsightType": series.insight_type,
        "StartTime": start,
        "EndTime": end,
        "Period": PERIOD,
        "DataType": "NonZeroData",
    }
    if series.error_code:
        parameters["ErrorCode"] = series.error_code
    if series.trail_arn:
        parameters["TrailName"] = series.trail_arn
    chunks: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
    for page in common.pages(CLOUDTRAIL.list_insights_metric_data, "NextToken", **parameters):
        for time, value in zip(page.get("Timestamps", []), page.get("Values", []), strict=True):
            second = int(time.timestamp())
            chunks[second - second % CHUNK].append((second, Decimal(str(value))))
    return chunks
