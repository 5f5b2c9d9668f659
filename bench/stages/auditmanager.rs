//! Audit Manager: the counts of an assessment, of its domains and of their controls.

use crate::{BEGAN, ROUND, answered_at, id, table, target};
use auditmanager_insights::normalize::{self, Origin, Within};
use aws_sdk_auditmanager::types::{
    AssessmentMetadataItem, AssessmentStatus, ControlDomainInsights, ControlInsightsMetadataByAssessmentItem,
    EvidenceInsights, InsightsByAssessment,
};
use aws_smithy_types::DateTime;
use divan::Bencher;
use divan::counter::ItemsCount;

/// Controls of one domain.
const CONTROLS: usize = 8;
/// The number of assessments in one round, which results in [`ROUND`] records.
const ASSESSMENTS: usize = ROUND / (2 + CONTROLS);

/// The answers about one assessment: its counts, a domain, and the domain's controls.
struct Answer {
    id: String,
    metadata: AssessmentMetadataItem,
    insights: InsightsByAssessment,
    domain: ControlDomainInsights,
    controls: Vec<ControlInsightsMetadataByAssessmentItem>,
}

fn evidence() -> EvidenceInsights {
    let evidence = EvidenceInsights::builder().compliant_evidence_count(90).noncompliant_evidence_count(10);
    evidence.inconclusive_evidence_count(40).build()
}

fn updated() -> DateTime {
    DateTime::from_secs(BEGAN)
}

fn answer(number: usize) -> Answer {
    let domain = ControlDomainInsights::builder()
        .name("Identity and access management")
        .id("arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n")
        .controls_count_by_noncompliant_evidence(3)
        .total_controls_count(8)
        .evidence_insights(evidence())
        .last_updated(updated())
        .build();
    let control = |index: usize| {
        ControlInsightsMetadataByAssessmentItem::builder()
            .name(format!("Multi-factor authentication for root users {index}"))
            .id(id(1_000 + index))
            .evidence_insights(evidence())
            .control_set_name("IAM #1")
            .last_updated(updated())
            .build()
    };
    Answer {
        id: id(number),
        metadata: AssessmentMetadataItem::builder()
            .name(format!("PCI DSS of shop {number}"))
            .id(id(number))
            .compliance_type("PCI DSS")
            .status(AssessmentStatus::Active)
            .creation_time(updated())
            .last_updated(updated())
            .build(),
        insights: InsightsByAssessment::builder()
            .noncompliant_evidence_count(10)
            .compliant_evidence_count(90)
            .inconclusive_evidence_count(40)
            .assessment_controls_count_by_noncompliant_evidence(3)
            .total_assessment_controls_count(8)
            .last_updated(updated())
            .build(),
        domain,
        controls: (0..CONTROLS).map(control).collect(),
    }
}

/// One assessment, one domain and eight controls, counted in records.
#[divan::bench]
fn snapshots(bencher: Bencher) {
    let target = target();
    let origin = Origin { target: &target, answered_at: answered_at() };
    let records = |answer: &Answer| {
        let within = Within { assessment: Some(&answer.id), updated_at: None };
        let id = answer.domain.id.as_deref().unwrap_or_default();
        let domain = within.domain(id, answer.domain.last_updated.as_ref());
        let controls =
            answer.controls.iter().map(|control| normalize::assessment_control(control, domain, origin));
        let assessment = normalize::assessment(&answer.id, &answer.metadata, &answer.insights, origin);
        let domain = normalize::domain(&answer.domain, within, origin);
        [assessment, domain].into_iter().chain(controls).flatten().collect::<Vec<_>>()
    };
    let expected = (2 + CONTROLS) * ASSESSMENTS;
    bencher
        .counter(ItemsCount::new(expected))
        .with_inputs(|| (0..ASSESSMENTS).map(answer).collect::<Vec<Answer>>())
        .bench_local_refs(|answers| table::items(answers.iter().flat_map(records), expected));
}
