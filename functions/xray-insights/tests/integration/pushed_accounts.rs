//! Events of accounts that are no configured targets: they are processed with the role `PUSH_ROLE_NAME` of the account.

use super::{counts, insight, run, run_with, story, text};
use insights_tests::{ACCOUNT, Lab, OPEN, STORY};
use serde_json::json;
use xray_insights::XrayInsights;

const MEMBER: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/readers/insights";
const PUSH_ROLE: [(&str, &str); 2] =
    [("PUSH_ROLE_NAME", "readers/insights"), ("PUSH_EXTERNAL_ID", "sesame_1")];

fn pushed(account: &str, region: &str) -> String {
    json!({
        "version": "0", "id": "6f1d3c8e-0b72-4a95-8d4c-e2f7a1b09c36", "detail-type": "AWS X-Ray Insight Update",
        "source": "aws.xray", "account": account, "time": "2026-03-01T12:00:00Z", "region": region,
        "resources": [], "detail": { "InsightId": OPEN, "State": "ACTIVE" },
    })
    .to_string()
}

async fn with_role(members: &str) -> Lab {
    Lab::new(&format!("{STORY}\n[sts]\nroles = [{{ arn = \"{ROLE}\", {members} }}]")).await
}

/// The calls of X-Ray as account and region.
fn asked(lab: &Lab) -> Vec<(String, String)> {
    let log = lab.simulator.log().into_iter().filter(|call| call.service == "xray");
    let mut asked: Vec<_> = log.map(|call| (call.account, call.region)).collect();
    asked.dedup();
    asked
}

#[tokio::test]
async fn an_event_of_another_account_is_fetched_with_its_role_and_stored_under_its_account() {
    let lab = with_role("external_id = \"sesame_1\"").await;
    let response = run_with(&lab, &PUSH_ROLE, &pushed(MEMBER, "us-east-1")).await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [4, 4, 0, 0, 0, 0, 0]));
    assert_eq!(asked(&lab), [(MEMBER.to_owned(), "us-east-1".to_owned())]);
    let log = lab.simulator.log();
    let assumed: Vec<_> =
        log.iter().filter(|call| call.operation == "AssumeRole").map(|call| &call.input).collect();
    assert_eq!(assumed.len(), 1);
    assert_eq!((&assumed[0]["RoleArn"], &assumed[0]["ExternalId"]), (&json!(ROLE), &json!("sesame_1")));
    assert!(log.iter().filter(|call| call.service == "dynamodb").all(|call| call.account == ACCOUNT));
    let table = lab.table().await;
    assert!(table.get(&format!("xray#{MEMBER}#us-east-1#{OPEN}"), "insight").is_some());
    for item in table.0.values() {
        assert_eq!((text(item, "account_id"), text(item, "region")), (Some(MEMBER), Some("us-east-1")));
    }
    let kinds = table.kinds();
    assert_eq!((kinds.get("run"), kinds.get("state")), (Some(&1), None), "a push writes no state");
}

#[tokio::test]
async fn an_account_that_refuses_the_role_is_denied_and_nothing_is_stored_about_it() {
    for members in ["deny = true", "external_id = \"another\""] {
        let lab = with_role(members).await;
        let error = run_with(&lab, &PUSH_ROLE, &pushed(MEMBER, "eu-west-1")).await.unwrap_err();
        assert_eq!(error.error_type, "Source.Denied");
        for part in [
            "111122223333/eu-west-1: AssumeRole arn:aws:iam::111122223333:role/readers/insights: AccessDenied: ",
            "account 111122223333 is not in the organization, or does not have this role: ",
        ] {
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(asked(&lab), []);
        assert!(lab.table().await.0.is_empty(), "{members}");
    }
}

#[tokio::test]
async fn a_service_that_fails_to_give_the_role_is_not_called_a_refusal() {
    let lab = with_role("external_id = \"sesame_1\"").await;
    lab.fault("AssumeRole=throttle:9");
    let error = run_with(&lab, &PUSH_ROLE, &pushed(MEMBER, "eu-west-1")).await.unwrap_err();
    assert_eq!(error.error_type, "Source.Throttled");
    assert!(!error.message.contains("organization"), "{error}");
    assert!(lab.table().await.0.is_empty());
    // Lambda repeats the invocation.
    lab.simulator.clear_faults();
    run_with(&lab, &PUSH_ROLE, &pushed(MEMBER, "eu-west-1")).await.unwrap();
}

#[tokio::test]
async fn another_region_of_the_own_account_needs_no_role() {
    let lab = story().await;
    let response = run_with(&lab, &PUSH_ROLE, &pushed(ACCOUNT, "us-east-1")).await.unwrap();
    assert_eq!(response["status"], "ok");
    assert_eq!(lab.calls("AssumeRole"), 0);
    assert_eq!(asked(&lab), [(ACCOUNT.to_owned(), "us-east-1".to_owned())]);
}

#[tokio::test]
async fn a_configured_target_keeps_its_own_role() {
    let lab = story().await;
    let own = "arn:aws:iam::111122223333:role/own";
    let targets = json!([{"account_id": MEMBER, "role_arn": own, "regions": ["eu-west-1"]}]).to_string();
    let variables = [PUSH_ROLE[0], PUSH_ROLE[1], ("TARGETS", &*targets)];
    for (region, role) in [("eu-west-1", own), ("us-east-1", ROLE)] {
        run_with(&lab, &variables, &pushed(MEMBER, region)).await.unwrap();
        let log = lab.simulator.log();
        let assumed = log.iter().find(|call| call.operation == "AssumeRole").unwrap();
        assert_eq!(assumed.input["RoleArn"], role, "{region}");
    }
}

#[tokio::test]
async fn an_event_of_no_account_or_region_is_an_invalid_payload() {
    let lab = story().await;
    for (account, region, expected) in [
        ("11112222333", "eu-west-1", "account is 11112222333: must be 12 digits"),
        ("111122223333:role/x", "eu-west-1", "must be 12 digits"),
        (MEMBER, "eu", "region is eu: must be the name of a region"),
        (MEMBER, "eu-west-1.example.org", "must be the name of a region"),
    ] {
        let error = run_with(&lab, &PUSH_ROLE, &pushed(account, region)).await.unwrap_err();
        assert_eq!(error.error_type, "Payload.Invalid", "{account} {region}");
        assert!(error.message.contains(expected), "{error}");
    }
    let error = run_with(&lab, &[], &pushed(MEMBER, "eu-west-1")).await.unwrap_err();
    assert_eq!(error.error_type, "Payload.Invalid");
    let expected =
        "111122223333/eu-west-1: must be one of the function's targets, unless PUSH_ROLE_NAME is set";
    assert!(error.message.contains(expected), "{error}");
    assert!(lab.simulator.log().is_empty());
    assert!(lab.table().await.0.is_empty());
}

#[tokio::test]
async fn a_wrong_role_name_and_external_id_fail_the_start_with_all_other_faults() {
    let lab = story().await;
    let variables = [("PUSH_ROLE_NAME", "/reader"), ("PUSH_EXTERNAL_ID", "x"), ("CONCURRENCY", "0")];
    let error = lab.try_function::<XrayInsights>(&variables).unwrap_err();
    assert_eq!(error.error_type, "Config.Invalid");
    for part in ["PUSH_ROLE_NAME is /reader", "PUSH_EXTERNAL_ID is (not shown)", "CONCURRENCY is 0"] {
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn an_event_is_processed_although_scheduled_runs_skip_the_target() {
    let lab = Lab::new("").await;
    assert_eq!(run(&lab).await["status"], "not_enabled");
    lab.replace_scenario(Some(STORY), lab.now());
    lab.advance(60);
    assert!(run(&lab).await["targets"][0].get("ask_again_at").is_some());
    let response = run_with(&lab, &[], &pushed(ACCOUNT, "eu-west-1")).await.unwrap();
    assert_eq!(response["status"], "ok");
    insight(&lab.table().await, OPEN);
}
