//! Refused calls, and pages.

use super::{ANCHOR, FIRST, ask, read, two};
use crate::auditmanager::{Data, NOT_SET_UP};
use serde_json::{Value, json};

#[test]
fn every_operation_but_the_status_refuses_an_account_that_is_not_set_up() {
    let check = |data: &Data, status: &str| {
        let answer = ask(data, "GetAccountStatus", ANCHOR, json!({}));
        assert_eq!(answer.unwrap(), json!({"status": status}));
        for operation in
            ["GetInsights", "ListAssessments", "GetInsightsByAssessment", "ListControlDomainInsights"]
        {
            let error = ask(data, operation, ANCHOR, json!({"maxResults": 0})).unwrap_err();
            assert_eq!((error.code, error.status), ("AccessDeniedException", 403), "{operation}");
            assert_eq!(error.message, NOT_SET_UP);
        }
    };
    check(&Data::default(), "INACTIVE");
    check(&read(json!({"status": "PENDING_ACTIVATION"})).unwrap(), "PENDING_ACTIVATION");
}

#[test]
fn what_the_model_does_not_allow_is_refused_field_by_field() {
    let data = read(two()).unwrap();
    let check = |operation, input: Value, fields: &[&str]| {
        let error = ask(&data, operation, ANCHOR, input.clone()).unwrap_err();
        assert_eq!((error.code, error.status), ("ValidationException", 400), "{input}");
        assert_eq!(error.members["reason"], "fieldValidationFailed");
        let named: Vec<&str> = error.members["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, fields, "{input}");
        assert!(error.message.chars().count() <= 2_048);
    };
    check(
        "ListAssessments",
        json!({"status": "OPEN", "maxResults": 0, "nextToken": ""}),
        &["status", "nextToken", "maxResults"],
    );
    check("ListAssessments", json!({"maxResults": 1_001}), &["maxResults"]);
    check("ListAssessments", json!({"nextToken": "a-b"}), &["nextToken"]);
    check("ListAssessments", json!({"nextToken": "abcd"}), &["nextToken"]);
    check("GetInsightsByAssessment", json!({}), &["assessmentId"]);
    check(
        "GetInsightsByAssessment",
        json!({"assessmentId": "1111111A-2222-3333-4444-555555555555"}),
        &["assessmentId"],
    );
    check("ListControlInsightsByControlDomain", json!({}), &["controlDomainId"]);
    check(
        "ListControlInsightsByControlDomain",
        json!({"controlDomainId": "x".repeat(5_000)}),
        &["controlDomainId"],
    );
    check(
        "ListControlInsightsByControlDomain",
        json!({"controlDomainId": "UNCATEGORIZED "}),
        &["controlDomainId"],
    );
    check(
        "ListControlInsightsByControlDomain",
        json!({"controlDomainId": "arn:aws:controlcatalog:domain/x"}),
        &["controlDomainId"],
    );
    check("ListAssessmentControlInsightsByControlDomain", json!({}), &["controlDomainId", "assessmentId"]);
}

#[test]
fn an_unknown_resource_is_not_found() {
    let data = read(two()).unwrap();
    let check = |operation, input: Value, kind: &str, id: &str| {
        let error = ask(&data, operation, ANCHOR, input).unwrap_err();
        assert_eq!((error.code, error.status), ("ResourceNotFoundException", 404), "{operation}");
        assert_eq!(error.members["resourceType"], kind);
        assert_eq!(error.members["resourceId"], id);
    };
    let other = "99999999-2222-3333-4444-555555555555";
    check("GetInsightsByAssessment", json!({"assessmentId": other}), "ASSESSMENT", other);
    check("ListControlDomainInsightsByAssessment", json!({"assessmentId": other}), "ASSESSMENT", other);
    check("ListControlInsightsByControlDomain", json!({"controlDomainId": other}), "CONTROL_DOMAIN", other);
    let both = json!({"assessmentId": FIRST, "controlDomainId": other});
    check("ListAssessmentControlInsightsByControlDomain", both, "CONTROL_DOMAIN", other);
    let uncategorized = json!({"controlDomainId": "UNCATEGORIZED"});
    let answer = ask(&data, "ListControlInsightsByControlDomain", ANCHOR, uncategorized).unwrap();
    assert_eq!(answer, json!({"controlInsightsMetadata": []}));
}

#[test]
fn every_page_is_reached_and_a_token_is_valid_for_its_parameters_only() {
    let data = read(two()).unwrap();
    let first = ask(&data, "ListAssessments", ANCHOR, json!({"maxResults": 1})).unwrap();
    assert_eq!(first["assessmentMetadata"][0]["name"], "one");
    let token = &first["nextToken"];
    let second = ask(&data, "ListAssessments", ANCHOR, json!({"maxResults": 1, "nextToken": token})).unwrap();
    assert_eq!(second["assessmentMetadata"][0]["name"], "two");
    assert_eq!(second.get("nextToken"), None);
    let other = json!({"maxResults": 1, "nextToken": token, "status": "ACTIVE"});
    assert_eq!(ask(&data, "ListAssessments", ANCHOR, other).unwrap_err().code, "ValidationException");
}
