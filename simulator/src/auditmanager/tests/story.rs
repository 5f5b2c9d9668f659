//! Members and faults of a scenario file, and the built-in scenario.

use super::{ANCHOR, FIRST, IAM, ask, instant, read, two};
use crate::auditmanager::Data;
use crate::scenario::Scenario;
use serde_json::{Value, json};

#[test]
fn members_that_the_scenario_omits_are_absent() {
    let mut value = two();
    value["omit"] = json!(["lastUpdated"]);
    value["assessments"][0]["omit"] = json!(["name"]);
    value["assessments"][0]["omit_insights"] = json!(["compliantEvidenceCount"]);
    value["assessments"][0]["domains"][0]["omit"] =
        json!(["totalControlsCount", "inconclusiveEvidenceCount"]);
    value["assessments"][0]["domains"][0]["controls"][0]["omit"] =
        json!(["evidenceInsights", "controlSetName"]);
    let data = read(value).unwrap();
    let names = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let ask = |operation, input| ask(&data, operation, ANCHOR, input).unwrap();
    let id = json!({"assessmentId": FIRST, "controlDomainId": IAM});
    let check = |row: &Value, absent: &[&str]| {
        for name in absent {
            assert_eq!(row.get(*name), None, "{}", names(row));
        }
    };
    check(&ask("GetInsights", json!({}))["insights"], &["lastUpdated"]);
    check(&ask("GetInsightsByAssessment", id.clone())["insights"], &["compliantEvidenceCount"]);
    check(&ask("ListAssessments", json!({}))["assessmentMetadata"][0], &["name", "complianceType"]);
    let domain = &ask("ListControlDomainInsights", json!({}))["controlDomainInsights"][0];
    check(domain, &["totalControlsCount"]);
    check(&domain["evidenceInsights"], &["inconclusiveEvidenceCount"]);
    let control = &ask("ListAssessmentControlInsightsByControlDomain", id)["controlInsightsByAssessment"][0];
    check(control, &["evidenceInsights", "controlSetName"]);
}

#[test]
fn every_fault_of_a_scenario_is_reported_with_its_path() {
    let value = json!({
        "status": "ON", "collected_at": "25h", "jitter": 2, "page_size": 0, "missing_days": ["never"], "extra": 1,
        "omit": ["nothing"],
        "assessments": [
            {"id": "X"},
            {"name": "a\\b", "delegations": [{"role": "r", "created_by": "a@b"}], "dips": [{"from": "1d", "peak": "0d"}], "roles": [{"type": "OWNER"}],
             "domains": [{"name": "d", "id": "d", "controls": [{"name": "c", "compliant": -1}, {"name": "c"}]}]},
        ],
    });
    let text = read(value).unwrap_err().to_string();
    for expected in [
        "auditmanager.status is ON: must be one of ACTIVE, INACTIVE, PENDING_ACTIVATION",
        "auditmanager.collected_at is 25h: must be a span after midnight",
        "auditmanager.jitter is 2: must be between 0 and 1",
        "auditmanager.page_size is 0: must be a whole number between 1 and 1000",
        "auditmanager.missing_days[0].day is \"never\": must be a span",
        "auditmanager.extra is 1: unknown key",
        "auditmanager.omit is nothing: must be among activeAssessmentsCount, ",
        "auditmanager.assessments[0].name: is required",
        "auditmanager.assessments[0].id is X: must be a lowercase UUID",
        "auditmanager.assessments[1].name is a\\b: must be at most 300 characters",
        "auditmanager.assessments[1].delegations[0].created_by is a@b",
        "auditmanager.assessments[1].dips[0].peak is",
        "auditmanager.assessments[1].dips[0].factor: is required",
        "auditmanager.assessments[1].roles[0].type is OWNER",
        "auditmanager.assessments[1].roles[0].role: is required",
        "auditmanager.assessments[1].domains[0].id is d: must be a control catalog",
        "auditmanager.assessments[1].domains[0].controls[0].compliant is -1: must be between 0",
        "auditmanager.assessments[1].domains[0].controls[1] is",
    ] {
        assert!(text.contains(expected), "{expected} not in {text}");
    }
}

#[test]
fn the_built_in_scenario_has_a_dip_and_its_recovery_and_stays_the_same() {
    let scenario = Scenario::built_in(instant(ANCHOR));
    let data = scenario.place("123456789012", "eu-west-1").part::<Data>();
    let share = |now: &str| {
        let insights = ask(data, "GetInsights", now, json!({})).unwrap()["insights"].clone();
        let count = |name: &str| insights[name].as_f64().unwrap();
        let (bad, good) = (count("noncompliantEvidenceCount"), count("compliantEvidenceCount"));
        bad / (bad + good)
    };
    assert!(share("2026-02-17T12:00:00Z") < 0.15, "before the dip");
    assert!(share("2026-02-22T12:00:00Z") > 0.3, "at its peak");
    assert!(share("2026-03-02T12:00:00Z") < 0.15, "recovered");
    assert!(share(ANCHOR) > 0.1, "something is going on now");
    let again = Scenario::built_in(instant(ANCHOR));
    let again = again.place("123456789012", "eu-west-1").part::<Data>();
    let domains =
        |data: &Data| ask(data, "ListControlDomainInsights", ANCHOR, json!({"maxResults": 50})).unwrap();
    assert_eq!(domains(data), domains(again));
    assert_eq!(domains(data)["controlDomainInsights"].as_array().unwrap().len(), 5);
}

#[test]
fn the_built_in_scenario_is_the_same_at_any_hour_of_its_anchor() {
    for hour in 0..24 {
        let now = format!("2026-03-10T{hour:02}:20:00Z");
        let scenario = Scenario::built_in(instant(&now));
        let data = scenario.place("123456789012", "eu-west-1").part::<Data>();
        let list = ask(data, "ListAssessments", &now, json!({"maxResults": 50})).unwrap();
        let assessments = list["assessmentMetadata"].as_array().unwrap();
        let counted = |assessment: &&Value| {
            let id = json!({"assessmentId": assessment["id"]});
            ask(data, "GetInsightsByAssessment", &now, id)
                .is_ok_and(|insights| insights["insights"].get("lastUpdated").is_some())
        };
        let active = assessments.iter().filter(|assessment| assessment["status"] == "ACTIVE").count();
        assert_eq!(
            (assessments.len(), active, assessments.iter().filter(counted).count()),
            (6, 4, 3),
            "{now}"
        );
        let domains = ask(data, "ListControlDomainInsights", &now, json!({"maxResults": 50})).unwrap();
        assert_eq!(domains["controlDomainInsights"].as_array().unwrap().len(), 5, "{now}");
        let account = ask(data, "GetInsights", &now, json!({})).unwrap();
        assert!(account["insights"]["noncompliantEvidenceCount"].as_i64().unwrap() > 30, "{now}");
    }
}
