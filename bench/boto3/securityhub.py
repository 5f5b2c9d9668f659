"""Writes the counts of Security Hub's insights to the table in every run."""

import os
from datetime import UTC, datetime
from typing import Any

import common
from common import Record, Target, plain, time_text
from runtime import Context

RETENTION_DAYS = int(os.environ.get("RETENTION_DAYS", "400"))
SEVERITIES = {"CRITICAL": "critical", "HIGH": "high", "MEDIUM": "medium"}

SECURITY_HUB = common.client("securityhub")


def handler(_event: dict[str, Any], context: Context) -> dict[str, Any]:
    target = Target(context)
    written = 0
    for page in common.pages(SECURITY_HUB.get_insights, "NextToken", MaxResults=100):
        records = common.in_threads(lambda insight: [snapshot(target, insight)], page["Insights"])
        written += common.write(records)
    return common.answer(written)


def snapshot(target: Target, insight: dict[str, Any]) -> Record:
    """The counts of an insight, on the day of the request."""
    arn = insight["InsightArn"]
    now = time_text(datetime.now(UTC))
    results = SECURITY_HUB.get_insight_results(InsightArn=arn)["InsightResults"]
    values = sorted(results["ResultValues"], key=lambda value: value["GroupByAttributeValue"])
    findings = sum(value["Count"] for value in values)
    record = target.record(
        "securityhub.insight",
        target.partition("securityhub", arn),
        now[:10],
        id=arn,
        title=title(insight, findings, len(values)),
        status="snapshot",
        severity=severity(insight, findings),
        entity=arn,
        measures={"findings": findings, "groups": len(values)},
        started_at=f"{now[:10]}T00:00:00.000Z",
        updated_at=now,
        detail=plain({"insight": insight, "results": {**results, "ResultValues": values}}),
    )
    return common.finish(record, RETENTION_DAYS)


def severity(insight: dict[str, Any], findings: int) -> str:
    """That of the highest label that the filters select."""
    if not findings:
        return "info"
    labels = insight["Filters"].get("SeverityLabel", [])
    selected = [SEVERITIES.get(label["Value"], "low") for label in labels if label["Comparison"] == "EQUALS"]
    return max(selected, key=lambda name: common.RANKS[name], default="low")


def title(insight: dict[str, Any], findings: int, groups: int) -> str:
    name = common.one_line(insight["Name"])
    if not groups:
        return f"{name}: no findings"
    kind = "resource" if insight["GroupByAttribute"] == "ResourceId" else "value"
    return f"{name}: {counted(findings, 'finding')} in {counted(groups, kind)}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
