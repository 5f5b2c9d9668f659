//! Converts Audit Manager's answers to details: every member that was returned, with its name in snake_case. No I/O.
//!
//! The service's model marks names and compliance types as sensitive. They are stored, because people identify an assessment
//! by them. Roles and delegations are not stored: they say who is responsible, and nothing about compliance.

use aws_sdk_auditmanager::types::{
    AssessmentMetadataItem, AssessmentStatus, ControlDomainInsights, EvidenceInsights, Insights,
    InsightsByAssessment,
};
use insights_shared::sdk::time_value;
use insights_shared::value::{Map, MapBuilder};

/// The members of the account's counts.
pub fn account(insights: &Insights) -> Map {
    MapBuilder::new()
        .with("active_assessments_count", insights.active_assessments_count)
        .with(
            "assessment_controls_count_by_noncompliant_evidence",
            insights.assessment_controls_count_by_noncompliant_evidence,
        )
        .with("compliant_evidence_count", insights.compliant_evidence_count)
        .with("inconclusive_evidence_count", insights.inconclusive_evidence_count)
        .with("last_updated", insights.last_updated.as_ref().map(time_value))
        .with("noncompliant_evidence_count", insights.noncompliant_evidence_count)
        .with("total_assessment_controls_count", insights.total_assessment_controls_count)
        .build()
}

/// The members of an assessment's counts, and those of the listing.
pub fn assessment(metadata: &AssessmentMetadataItem, insights: &InsightsByAssessment) -> Map {
    let insights = MapBuilder::new()
        .with(
            "assessment_controls_count_by_noncompliant_evidence",
            insights.assessment_controls_count_by_noncompliant_evidence,
        )
        .with("compliant_evidence_count", insights.compliant_evidence_count)
        .with("inconclusive_evidence_count", insights.inconclusive_evidence_count)
        .with("last_updated", insights.last_updated.as_ref().map(time_value))
        .with("noncompliant_evidence_count", insights.noncompliant_evidence_count)
        .with("total_assessment_controls_count", insights.total_assessment_controls_count)
        .build();
    MapBuilder::new()
        .with("assessment", Some(self::metadata(metadata)))
        .with("insights", Some(insights))
        .build()
}

/// The members of an assessment in the listing.
pub fn metadata(metadata: &AssessmentMetadataItem) -> Map {
    MapBuilder::new()
        .with("compliance_type", metadata.compliance_type.as_deref())
        .with("creation_time", metadata.creation_time.as_ref().map(time_value))
        .with("id", metadata.id.as_deref())
        .with("last_updated", metadata.last_updated.as_ref().map(time_value))
        .with("name", metadata.name.as_deref())
        .with("status", metadata.status.as_ref().map(AssessmentStatus::as_str))
        .build()
}

/// The members of a control domain's counts.
pub fn domain(domain: &ControlDomainInsights) -> Map {
    MapBuilder::new()
        .with("controls_count_by_noncompliant_evidence", domain.controls_count_by_noncompliant_evidence)
        .with("evidence_insights", domain.evidence_insights.as_ref().map(evidence))
        .with("id", domain.id.as_deref())
        .with("last_updated", domain.last_updated.as_ref().map(time_value))
        .with("name", domain.name.as_deref())
        .with("total_controls_count", domain.total_controls_count)
        .build()
}

/// The counts of evidence of a domain or control.
pub fn evidence(insights: &EvidenceInsights) -> Map {
    MapBuilder::new()
        .with("compliant_evidence_count", insights.compliant_evidence_count)
        .with("inconclusive_evidence_count", insights.inconclusive_evidence_count)
        .with("noncompliant_evidence_count", insights.noncompliant_evidence_count)
        .build()
}
