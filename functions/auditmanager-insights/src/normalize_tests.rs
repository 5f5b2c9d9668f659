//! Records worked out by hand from the documented shapes of the service.

use super::*;
use aws_sdk_auditmanager::types::{AssessmentStatus, Delegation, Role, RoleType};
use insights_shared::validate::validate;
use insights_shared::value::{Map, Value};
use serde_json::json;

pub(super) const ASSESSMENT: &str = "11111111-2222-3333-4444-555555555555";
pub(super) const DOMAIN: &str = "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n";
pub(super) const CONTROL: &str = "99999999-8888-7777-6666-555555555555";
pub(super) const PK: &str = "auditmanager#123456789012#eu-west-1";
/// 2023-11-15T00:00:00Z.
pub(super) const MIDNIGHT: i64 = 1_700_006_400;

pub(super) fn target() -> Target {
    Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None }
}

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn origin(target: &Target) -> Origin<'_> {
    Origin { target, answered_at: time("2023-11-15T07:00:00Z") }
}

pub(super) const EVERYWHERE: Within<'_> = Within { assessment: None, updated_at: None };
pub(super) const IN_ASSESSMENT: Within<'_> = Within { assessment: Some(ASSESSMENT), updated_at: None };

fn evidence(compliant: i32, noncompliant: i32, inconclusive: i32) -> EvidenceInsights {
    EvidenceInsights::builder()
        .compliant_evidence_count(compliant)
        .noncompliant_evidence_count(noncompliant)
        .inconclusive_evidence_count(inconclusive)
        .build()
}

/// The record as it is stored, without the hash and the attributes that the store adds.
pub(super) fn stored(record: Option<Record>) -> Map {
    let mut attributes = validate(record.expect("a record"), 2_557).unwrap().to_map();
    attributes.remove("content_hash");
    attributes
}

/// Compares a record with the expected one, member by member.
fn check(record: Option<Record>, expected: &serde_json::Value) {
    let Value::Map(expected) = Value::from_json(&expected.to_string()).unwrap() else { panic!("an object") };
    assert_eq!(stored(record), expected);
}

#[test]
fn the_control_of_the_worked_example_becomes_its_record() {
    let row = ControlInsightsMetadataByAssessmentItem::builder()
        .name("MFA for root")
        .id(CONTROL)
        .evidence_insights(evidence(9, 1, 4))
        .control_set_name("IAM #1")
        .last_updated(DateTime::from_secs(MIDNIGHT))
        .build();
    let target = target();
    check(
        assessment_control(&row, IN_ASSESSMENT.domain(DOMAIN, None), origin(&target)),
        &json!({
            "pk": "auditmanager#123456789012#eu-west-1#assessment#11111111-2222-3333-4444-555555555555#domain#\
                   arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n#control#\
                   99999999-8888-7777-6666-555555555555#IAM %231",
            "sk": "2023-11-15",
            "kind": "auditmanager.control",
            "schema_version": 1,
            "source": "auditmanager",
            "account_id": "123456789012",
            "region": "eu-west-1",
            "id": "99999999-8888-7777-6666-555555555555",
            "title": "MFA for root",
            "status": "snapshot",
            "severity": "medium",
            "entity": "11111111-2222-3333-4444-555555555555",
            "measures": {"compliant": 9, "noncompliant": 1, "inconclusive": 4},
            "started_at": "2023-11-15T00:00:00.000Z",
            "updated_at": "2023-11-15T00:00:00.000Z",
            "answered_at": "2023-11-15T07:00:00.000Z",
            "expires_at": 1_920_931_200,
            "entity_pk": "entity#11111111-2222-3333-4444-555555555555",
            "entity_sk": "2023-11-15T00:00:00.000Z#92d7fd64",
            "detail": {
                "name": "MFA for root",
                "id": "99999999-8888-7777-6666-555555555555",
                "evidence_insights": {
                    "noncompliant_evidence_count": 1,
                    "compliant_evidence_count": 9,
                    "inconclusive_evidence_count": 4,
                },
                "control_set_name": "IAM #1",
                "last_updated": "2023-11-15T00:00:00.000Z",
                "control_domain_id": "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n",
            },
        }),
    );
}

#[test]
fn the_counts_of_the_account_are_a_snapshot_of_their_day() {
    let insights = Insights::builder()
        .active_assessments_count(3)
        .noncompliant_evidence_count(25)
        .compliant_evidence_count(75)
        .inconclusive_evidence_count(7)
        .assessment_controls_count_by_noncompliant_evidence(4)
        .total_assessment_controls_count(160)
        .last_updated(DateTime::from_millis(MIDNIGHT * 1_000 + 22_350_250))
        .build();
    let target = target();
    let record = account(&insights, origin(&target)).unwrap();
    let tag = record.key.tag();
    check(
        Some(record),
        &json!({
            "pk": format!("{PK}#account"),
            "sk": "2023-11-15",
            "kind": "auditmanager.insights",
            "schema_version": 1,
            "source": "auditmanager",
            "account_id": "123456789012",
            "region": "eu-west-1",
            "id": "123456789012",
            "title": "All active assessments of account 123456789012",
            "status": "snapshot",
            "severity": "high",
            "entity": "account",
            "measures": {"compliant": 75, "noncompliant": 25, "inconclusive": 7},
            "started_at": "2023-11-15T00:00:00.000Z",
            "updated_at": "2023-11-15T06:12:30.250Z",
            "answered_at": "2023-11-15T07:00:00.000Z",
            "expires_at": 1_920_931_200,
            "ended_pk": "auditmanager.insights#2023-11",
            "ended_sk": format!("2023-11-15T00:00:00.000Z#{tag}"),
            "entity_pk": "entity#account",
            "entity_sk": format!("2023-11-15T00:00:00.000Z#{tag}"),
            "detail": {
                "active_assessments_count": 3,
                "noncompliant_evidence_count": 25,
                "compliant_evidence_count": 75,
                "inconclusive_evidence_count": 7,
                "assessment_controls_count_by_noncompliant_evidence": 4,
                "total_assessment_controls_count": 160,
                "last_updated": "2023-11-15T06:12:30.250Z",
            },
        }),
    );
}

#[test]
fn an_assessment_contains_its_listing_without_roles_and_delegations() {
    let metadata = AssessmentMetadataItem::builder()
        .name("PCI DSS:\n card data")
        .id(ASSESSMENT)
        .compliance_type("PCI DSS")
        .status(AssessmentStatus::from("SOMETHING_NEW"))
        .roles(Role::builder().role_type(RoleType::ProcessOwner).role_arn("arn:secret").build().unwrap())
        .delegations(Delegation::builder().id("x").role_arn("arn:secret").comment("secret").build())
        .creation_time(DateTime::from_millis(1_600_000_000_500))
        .last_updated(DateTime::from_secs(MIDNIGHT + 60))
        .build();
    let insights = InsightsByAssessment::builder()
        .noncompliant_evidence_count(1)
        .compliant_evidence_count(1)
        .total_assessment_controls_count(12)
        .last_updated(DateTime::from_secs(MIDNIGHT - 1))
        .build();
    let target = target();
    let record = assessment(ASSESSMENT, &metadata, &insights, origin(&target)).unwrap();
    let tag = record.key.tag();
    check(
        Some(record),
        &json!({
            "pk": format!("{PK}#assessment#{ASSESSMENT}"),
            "sk": "2023-11-14",
            "kind": "auditmanager.assessment",
            "schema_version": 1,
            "source": "auditmanager",
            "account_id": "123456789012",
            "region": "eu-west-1",
            "id": ASSESSMENT,
            "title": "PCI DSS: card data",
            "status": "snapshot",
            "severity": "critical",
            "entity": ASSESSMENT,
            "measures": {"compliant": 1, "noncompliant": 1},
            "started_at": "2023-11-14T00:00:00.000Z",
            "updated_at": "2023-11-14T23:59:59.000Z",
            "answered_at": "2023-11-15T07:00:00.000Z",
            "expires_at": 1_920_844_800,
            "ended_pk": "auditmanager.assessment#2023-11",
            "ended_sk": format!("2023-11-14T00:00:00.000Z#{tag}"),
            "entity_pk": format!("entity#{ASSESSMENT}"),
            "entity_sk": format!("2023-11-14T00:00:00.000Z#{tag}"),
            "detail": {
                "insights": {
                    "noncompliant_evidence_count": 1,
                    "compliant_evidence_count": 1,
                    "total_assessment_controls_count": 12,
                    "last_updated": "2023-11-14T23:59:59.000Z",
                },
                "assessment": {
                    "name": "PCI DSS:\n card data",
                    "id": ASSESSMENT,
                    "compliance_type": "PCI DSS",
                    "status": "SOMETHING_NEW",
                    "creation_time": "2020-09-13T12:26:40.500Z",
                    "last_updated": "2023-11-15T00:01:00.000Z",
                },
            },
        }),
    );
}

fn domain_row() -> ControlDomainInsights {
    ControlDomainInsights::builder()
        .name("Identity and access management")
        .id(DOMAIN)
        .controls_count_by_noncompliant_evidence(2)
        .total_controls_count(5)
        .evidence_insights(evidence(91, 9, 0))
        .last_updated(DateTime::from_secs(MIDNIGHT))
        .build()
}

#[test]
fn a_domain_has_records_for_each_assessment_and_over_all() {
    let target = target();
    for (within, scope, entity) in [
        (EVERYWHERE, format!("domain#{DOMAIN}"), "account"),
        (IN_ASSESSMENT, format!("assessment#{ASSESSMENT}#domain#{DOMAIN}"), ASSESSMENT),
    ] {
        let record = domain(&domain_row(), within, origin(&target)).unwrap();
        let tag = record.key.tag();
        check(
            Some(record),
            &json!({
                "pk": format!("{PK}#{scope}"),
                "sk": "2023-11-15",
                "kind": "auditmanager.domain",
                "schema_version": 1,
                "source": "auditmanager",
                "account_id": "123456789012",
                "region": "eu-west-1",
                "id": DOMAIN,
                "title": "Identity and access management",
                "status": "snapshot",
                "severity": "low",
                "entity": entity,
                "measures": {"compliant": 91, "noncompliant": 9, "inconclusive": 0},
                "started_at": "2023-11-15T00:00:00.000Z",
                "updated_at": "2023-11-15T00:00:00.000Z",
                "answered_at": "2023-11-15T07:00:00.000Z",
                "expires_at": 1_920_931_200,
                "entity_pk": format!("entity#{entity}"),
                "entity_sk": format!("2023-11-15T00:00:00.000Z#{tag}"),
                "detail": {
                    "name": "Identity and access management",
                    "id": DOMAIN,
                    "controls_count_by_noncompliant_evidence": 2,
                    "total_controls_count": 5,
                    "evidence_insights": {
                        "noncompliant_evidence_count": 9,
                        "compliant_evidence_count": 91,
                        "inconclusive_evidence_count": 0,
                    },
                    "last_updated": "2023-11-15T00:00:00.000Z",
                },
            }),
        );
    }
}

#[test]
fn a_control_over_all_assessments_has_the_entity_account_and_no_control_set() {
    let row = ControlInsightsMetadataItem::builder()
        .name("MFA for root")
        .id(CONTROL)
        .evidence_insights(evidence(5, 0, 0))
        .last_updated(DateTime::from_secs(MIDNIGHT))
        .build();
    let target = target();
    let record = control(&row, EVERYWHERE.domain("UNCATEGORIZED", None), origin(&target)).unwrap();
    assert_eq!(record.key.pk, format!("{PK}#domain#UNCATEGORIZED#control#{CONTROL}"));
    assert_eq!(record.entity.as_deref(), Some("account"));
    let stored = stored(Some(record));
    assert_eq!(stored["severity"], "info".into());
    assert_eq!(stored["detail"].at(&["control_domain_id"]), Some(&"UNCATEGORIZED".into()));
    assert_eq!(stored["detail"].at(&["control_set_name"]), None);
    assert!(!stored.contains_key("ended_pk"));
}
