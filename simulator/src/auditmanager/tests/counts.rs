//! The counts of each day, and their sums.

use super::{ANCHOR, FIRST, IAM, SECOND, ask, instant, read, two};
use serde_json::{Value, json};

#[test]
fn sums_agree_from_control_to_account() {
    let data = read(two()).unwrap();
    let seconds = 1_773_122_400.5;
    let check = |operation, input: Value, expected: Value| {
        assert_eq!(ask(&data, operation, ANCHOR, input).unwrap(), expected, "{operation}");
    };
    let counts = |compliant: i64, noncompliant: i64, inconclusive: i64| {
        json!({"compliantEvidenceCount": compliant, "noncompliantEvidenceCount": noncompliant,
               "inconclusiveEvidenceCount": inconclusive})
    };
    let id = data.assessments[0].domains[0].controls[0].id.clone();
    check(
        "ListAssessmentControlInsightsByControlDomain",
        json!({"assessmentId": FIRST, "controlDomainId": IAM}),
        json!({"controlInsightsByAssessment": [
            {"name": "keys", "id": id, "controlSetName": "A", "evidenceInsights": counts(8, 2, 1), "lastUpdated": seconds},
            {"name": "keys", "id": id, "controlSetName": "B", "evidenceInsights": counts(3, 0, 0), "lastUpdated": seconds},
        ]}),
    );
    check(
        "ListControlInsightsByControlDomain",
        json!({"controlDomainId": IAM}),
        json!({"controlInsightsMetadata": [
            {"name": "keys", "id": id, "evidenceInsights": counts(11, 6, 1), "lastUpdated": seconds},
        ]}),
    );
    check(
        "ListControlDomainInsightsByAssessment",
        json!({"assessmentId": FIRST}),
        json!({"controlDomainInsights": [
            {"name": "access", "id": IAM, "controlsCountByNoncompliantEvidence": 1, "totalControlsCount": 3,
             "evidenceInsights": counts(11, 2, 1), "lastUpdated": seconds},
        ]}),
    );
    check(
        "ListControlDomainInsights",
        json!({}),
        json!({"controlDomainInsights": [
            {"name": "access", "id": IAM, "controlsCountByNoncompliantEvidence": 1, "totalControlsCount": 2,
             "evidenceInsights": counts(11, 6, 1), "lastUpdated": seconds},
        ]}),
    );
    check(
        "GetInsightsByAssessment",
        json!({"assessmentId": FIRST}),
        json!({"insights": {"compliantEvidenceCount": 11, "noncompliantEvidenceCount": 2, "inconclusiveEvidenceCount": 1,
            "assessmentControlsCountByNoncompliantEvidence": 1, "totalAssessmentControlsCount": 4,
            "lastUpdated": seconds}}),
    );
    check(
        "GetInsights",
        json!({}),
        json!({"insights": {"activeAssessmentsCount": 2, "compliantEvidenceCount": 11, "noncompliantEvidenceCount": 6,
            "inconclusiveEvidenceCount": 1, "assessmentControlsCountByNoncompliantEvidence": 2,
            "totalAssessmentControlsCount": 5, "lastUpdated": seconds}}),
    );
}

#[test]
fn counts_are_those_of_the_newest_day_that_has_counts() {
    let mut value = two();
    value["missing_days"] = json!(["-2d"]);
    let data = read(value).unwrap();
    let check = |now: &str, last_updated: &str, compliant: i64| {
        let insights = ask(&data, "GetInsights", now, json!({})).unwrap()["insights"].clone();
        let found = crate::timestamp::read(&insights["lastUpdated"]).unwrap();
        assert_eq!(
            (found, insights["compliantEvidenceCount"].as_i64()),
            (instant(last_updated), Some(compliant)),
            "{now}"
        );
    };
    check("2026-03-10T06:00:00.500Z", "2026-03-10T06:00:00.500Z", 11);
    // On the day before, the two weekly controls collected evidence.
    check("2026-03-10T06:00:00.499Z", "2026-03-09T06:00:00.500Z", 17);
    // March 8th has no counts.
    check("2026-03-09T05:00:00Z", "2026-03-07T06:00:00.500Z", 11);
    // One of the assessments was created on February 28th.
    check("2026-02-28T06:30:00Z", "2026-02-28T06:00:00.500Z", 0);
}

#[test]
fn an_assessment_is_listed_from_its_creation_and_counted_from_its_first_evidence_until_it_is_inactive() {
    let value = json!({"assessments": [{
        "name": "one", "id": FIRST, "created": "-3d", "collects_from": "-1d", "inactive_from": "2d",
        "domains": [{"name": "access", "id": IAM, "controls": [{"name": "keys", "compliant": 1}]}],
    }]});
    let data = read(value).unwrap();
    let check = |now: &str, status: Option<&str>, counted: bool, found: bool| {
        let list = ask(&data, "ListAssessments", now, json!({})).unwrap()["assessmentMetadata"].clone();
        assert_eq!(list[0]["status"].as_str(), status, "{now}");
        assert_eq!(list[0].get("lastUpdated").is_some(), counted || status == Some("INACTIVE"), "{now}");
        let insights = ask(&data, "GetInsightsByAssessment", now, json!({"assessmentId": FIRST}));
        assert_eq!(insights.is_ok(), found, "{now}");
        if let Ok(insights) = insights {
            assert_eq!(insights["insights"].get("lastUpdated").is_some(), counted, "{now}");
            assert_eq!(insights["insights"]["totalAssessmentControlsCount"], 1, "{now}");
        }
        let active =
            ask(&data, "GetInsights", now, json!({})).unwrap()["insights"]["activeAssessmentsCount"].clone();
        assert_eq!(active, i64::from(status == Some("ACTIVE")), "{now}");
        let domains = ask(&data, "ListControlDomainInsights", now, json!({})).unwrap();
        assert_eq!(domains["controlDomainInsights"].as_array().unwrap().len(), usize::from(counted), "{now}");
    };
    check("2026-03-07T11:59:59Z", None, false, false);
    check("2026-03-07T12:00:00Z", Some("ACTIVE"), false, true);
    check("2026-03-09T23:00:00Z", Some("ACTIVE"), false, true);
    check("2026-03-10T00:00:00Z", Some("ACTIVE"), true, true);
    check("2026-03-12T12:00:00Z", Some("INACTIVE"), false, false);
}

#[test]
fn a_dip_changes_compliant_evidence_into_non_compliant_and_adds_none() {
    let mut value = two();
    value["assessments"][1]["domains"][0]["controls"][0]["compliant"] = json!(40);
    value["assessments"][1]["dips"] =
        json!([{"from": "-8d", "peak": "-4d", "to": "-2d", "factor": 6}, {"from": "5d", "factor": 99}]);
    value["collected_at"] = json!("12h");
    let data = read(value).unwrap();
    let check = |now: &str, noncompliant: i64| {
        let insights = ask(&data, "GetInsightsByAssessment", now, json!({"assessmentId": SECOND})).unwrap();
        let insights = &insights["insights"];
        assert_eq!(insights["noncompliantEvidenceCount"], noncompliant, "{now}");
        assert_eq!(insights["compliantEvidenceCount"], 44 - noncompliant, "{now}");
    };
    check("2026-03-02T12:00:00Z", 4);
    check("2026-03-04T12:00:00Z", 14);
    check("2026-03-06T12:00:00Z", 24);
    check("2026-03-07T12:00:00Z", 14);
    check("2026-03-08T12:00:00Z", 4);
    // Without an end the dip continues; the total is constant.
    check("2026-03-15T12:00:00Z", 44);
    check("2026-04-15T12:00:00Z", 44);
}

#[test]
fn a_correction_changes_one_day_later() {
    let mut value = two();
    value["assessments"][0]["domains"][0]["controls"][0]["corrections"] = json!([
        {"after": "1h", "compliant": -3, "noncompliant": 3, "renews": true},
        {"day": "-5d", "after": "2h", "compliant": 100},
    ]);
    let data = read(value).unwrap();
    let check = |now: &str, noncompliant: i64, last_updated: &str| {
        let answer =
            ask(&data, "ListControlInsightsByControlDomain", now, json!({"controlDomainId": IAM})).unwrap();
        let row = &answer["controlInsightsMetadata"][0];
        assert_eq!(row["evidenceInsights"]["noncompliantEvidenceCount"], noncompliant, "{now}");
        assert_eq!(crate::timestamp::read(&row["lastUpdated"]), Some(instant(last_updated)), "{now}");
    };
    check("2026-03-10T12:59:59Z", 6, "2026-03-10T06:00:00.500Z");
    check("2026-03-10T13:00:00Z", 9, "2026-03-10T13:00:00Z");
    check("2026-03-10T15:00:00Z", 9, "2026-03-10T13:00:00Z");
    check("2026-03-11T15:00:00Z", 6, "2026-03-11T06:00:00.500Z");
}
