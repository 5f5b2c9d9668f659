"""Writes Audit Manager's counts by account, assessment, control domain and control to the table in every run."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import common
from common import Record, Target, plain, time_text
from runtime import Context

RETENTION_DAYS = int(os.environ.get("RETENTION_DAYS", "2557"))

AUDIT_MANAGER = common.client("auditmanager")


@dataclass(frozen=True)
class Scope:
    """The scope of domain and control counts: the account, or one assessment."""

    target: Target
    assessment: str | None
    updated: datetime | None

    def snapshot(
        self,
        kind: str,
        parts: list[str],
        counts: dict[str, Any],
        updated: datetime | None,
        **members: Any,
    ) -> list[Record]:
        """One record, or none if there are no counts yet."""
        updated = updated or self.updated
        if updated is None:
            return []
        text = time_text(updated)
        own = ["assessment", self.assessment] if self.assessment else []
        pk = self.target.partition("auditmanager", *own, *parts)
        names = ("compliant", "noncompliant", "inconclusive")
        measures = {
            name: counts[f"{name}EvidenceCount"] for name in names if f"{name}EvidenceCount" in counts
        }
        noncompliant, compliant = measures.get("noncompliant"), measures.get("compliant")
        judged = None if noncompliant is None or compliant is None else noncompliant + compliant
        record = self.target.record(
            kind,
            pk,
            text[:10],
            status="snapshot",
            severity=common.by_share(noncompliant, judged, 0.5, 0.25, 0.1),
            entity=self.assessment or "account",
            measures=measures,
            started_at=f"{text[:10]}T00:00:00.000Z",
            updated_at=text,
            **members,
        )
        return [common.finish(record, RETENTION_DAYS)]


def handler(_event: dict[str, Any], context: Context) -> dict[str, Any]:
    if AUDIT_MANAGER.get_account_status()["status"] != "ACTIVE":
        return common.answer(0)
    target = Target(context)
    insights = AUDIT_MANAGER.get_insights()["insights"]
    account = Scope(target, None, insights.get("lastUpdated"))
    records = account.snapshot(
        "auditmanager.insights",
        ["account"],
        insights,
        None,
        id=target.account_id,
        title=f"All active assessments of account {target.account_id}",
        detail=plain(insights),
    )
    found = common.in_threads(lambda one: [assessment(target, one)], assessments())
    scopes = [account, *(scope for scope, _ in found)]
    records += [record for _, made in found for record in made]
    domains = common.in_threads(domains_of, scopes)
    records += [record for scope, domain in domains for record in domain_records(scope, domain)]
    records += common.in_threads(lambda one: control_records(*one), domains)
    return common.answer(common.write(records))


def rows(call: Callable[..., Any], member: str, **parameters: Any) -> list[dict[str, Any]]:
    answers = common.pages(call, "nextToken", maxResults=100, **parameters)
    return [row for page in answers for row in page.get(member, [])]


def assessments() -> list[dict[str, Any]]:
    return rows(AUDIT_MANAGER.list_assessments, "assessmentMetadata", status="ACTIVE")


def assessment(target: Target, metadata: dict[str, Any]) -> tuple[Scope, list[Record]]:
    id_ = metadata["id"]
    insights = AUDIT_MANAGER.get_insights_by_assessment(assessmentId=id_)["insights"]
    scope = Scope(target, id_, insights.get("lastUpdated"))
    kept = {name: value for name, value in metadata.items() if name not in ("roles", "delegations")}
    records = scope.snapshot(
        "auditmanager.assessment",
        [],
        insights,
        None,
        id=id_,
        title=common.one_line(metadata.get("name")) or f"Assessment {id_}",
        detail={"insights": plain(insights), "assessment": plain(kept)},
    )
    return scope, records


def domains_of(scope: Scope) -> list[tuple[Scope, dict[str, Any]]]:
    if scope.assessment:
        call = AUDIT_MANAGER.list_control_domain_insights_by_assessment
        found = rows(call, "controlDomainInsights", assessmentId=scope.assessment)
    else:
        found = rows(AUDIT_MANAGER.list_control_domain_insights, "controlDomainInsights")
    return [(scope, domain) for domain in found]


def domain_records(scope: Scope, domain: dict[str, Any]) -> list[Record]:
    return scope.snapshot(
        "auditmanager.domain",
        ["domain", domain["id"]],
        domain.get("evidenceInsights", {}),
        domain.get("lastUpdated"),
        id=domain["id"],
        title=common.one_line(domain.get("name")) or f"Control domain {domain['id']}",
        detail=plain(domain),
    )


def control_records(scope: Scope, domain: dict[str, Any]) -> list[Record]:
    if scope.assessment:
        call = AUDIT_MANAGER.list_assessment_control_insights_by_control_domain
        parameters = {"assessmentId": scope.assessment, "controlDomainId": domain["id"]}
        controls = rows(call, "controlInsightsByAssessment", **parameters)
    else:
        call = AUDIT_MANAGER.list_control_insights_by_control_domain
        controls = rows(call, "controlInsightsMetadata", controlDomainId=domain["id"])
    records = []
    for control in controls:
        parts = ["domain", domain["id"], "control", control["id"]]
        if scope.assessment:
            parts.append(control.get("controlSetName", ""))
        records += scope.snapshot(
            "auditmanager.control",
            parts,
            control.get("evidenceInsights", {}),
            control.get("lastUpdated") or domain.get("lastUpdated"),
            id=control["id"],
            title=common.one_line(control.get("name")) or f"Control {control['id']}",
            detail={**plain(control), "control_domain_id": domain["id"]},
        )
    return records
