//! Events of accounts that are no configured targets: CloudTrail is not called, so the role `PUSH_ROLE_NAME` alone shows that the
//! account belongs to the organization.

use crate::support::*;

const MEMBER: &str = "111122223333";
const PUSH_ROLE: [(&str, &str); 2] = [("PUSH_ROLE_NAME", "insights-reader"), ("PUSH_EXTERNAL_ID", "sesame")];

/// The Start of an insight, in an envelope of this account and region, and with these in the event itself.
fn event(envelope: [&str; 2], own: [&str; 2]) -> String {
    let mut detail = half("Start", "s", "2026-03-01T11:59:00Z", "e", 1.2);
    detail["recipientAccountId"] = own[0].into();
    detail["awsRegion"] = own[1].into();
    let mut event: Json = serde_json::from_str(&push(&detail)).unwrap();
    event["account"] = envelope[0].into();
    event["region"] = envelope[1].into();
    event.to_string()
}

async fn lab(members: &str) -> Lab {
    Lab::new(&format!(
        "[sts]\nroles = [{{ arn = \"arn:aws:iam::{MEMBER}:role/insights-reader\", {members} }}]"
    ))
    .await
}

#[tokio::test]
async fn an_event_of_another_account_is_stored_after_its_role_was_assumed() {
    let lab = lab("external_id = \"sesame\"").await;
    let place = [MEMBER, "us-east-1"];
    let response = invoke(&lab, &PUSH_ROLE, &event(place, place)).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    assert_eq!((lab.calls("AssumeRole"), &response["api_calls"]), (1, &serde_json::json!({})));
    let table = lab.table().await;
    assert!(table.get("cloudtrail#111122223333#us-east-1#s", "insight").is_some());
    assert_eq!(
        table.kinds(),
        [("catalog".into(), 1), ("cloudtrail.insight".into(), 1), ("run".into(), 1)].into(),
        "a push writes no state"
    );
    for item in table.0.values() {
        assert_eq!([text(item, "account_id"), text(item, "region")], place);
    }
}

#[tokio::test]
async fn an_event_of_an_account_that_refuses_the_role_is_not_stored() {
    for members in ["deny = true", "external_id = \"another\""] {
        let lab = lab(members).await;
        let place = [MEMBER, "eu-west-1"];
        let (error_type, message) = fails(&lab, &PUSH_ROLE, &event(place, place)).await;
        assert_eq!(error_type, "Source.Denied");
        let expected = "account 111122223333 is not in the organization, or does not have this role: ";
        assert!(message.contains(expected), "{message}");
        assert_eq!(lab.table().await, Table::default());
    }
}

#[tokio::test]
async fn an_event_that_is_not_of_its_envelope_is_an_invalid_payload() {
    let lab = Lab::new("").await;
    for (envelope, own, expected) in [
        ([ACCOUNT, REGION], [MEMBER, REGION], "detail.recipientAccountId is 111122223333: must be that of"),
        ([MEMBER, REGION], [ACCOUNT, REGION], "detail.recipientAccountId is 123456789012: must be that of"),
        ([MEMBER, REGION], [MEMBER, "us-east-1"], "detail.awsRegion is us-east-1: must be that of"),
        ([ACCOUNT, REGION], [ACCOUNT, "us-east-1"], "detail.awsRegion is us-east-1: must be that of"),
        ([ACCOUNT, REGION], ["", REGION], "detail.recipientAccountId: must be that of"),
    ] {
        let (error_type, message) = fails(&lab, &PUSH_ROLE, &event(envelope, own)).await;
        assert_eq!(error_type, "Payload.Invalid", "{envelope:?} {own:?}");
        assert!(message.contains(expected), "{message}");
    }
    let foreign = [MEMBER, REGION];
    let (error_type, message) = fails(&lab, &[], &event(foreign, foreign)).await;
    assert_eq!(error_type, "Payload.Invalid");
    assert!(
        message.contains("must be one of the function's targets, unless PUSH_ROLE_NAME is set"),
        "{message}"
    );
    assert_eq!((lab.calls("AssumeRole"), lab.table().await), (0, Table::default()));
}

/// `recipientAccountId` is optional in CloudTrail.
#[tokio::test]
async fn an_event_without_account_and_region_is_of_its_envelope() {
    let lab = lab("external_id = \"sesame\"").await;
    let mut payload: Json = serde_json::from_str(&event([MEMBER, REGION], [MEMBER, REGION])).unwrap();
    payload["detail"].as_object_mut().unwrap().remove("recipientAccountId");
    payload["detail"]["awsRegion"] = Json::Null;
    let response = invoke(&lab, &PUSH_ROLE, &payload.to_string()).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    assert!(lab.table().await.get("cloudtrail#111122223333#eu-west-1#s", "insight").is_some());
}

#[tokio::test]
async fn the_role_is_in_the_partition_of_the_region() {
    let lab = Lab::new("").await;
    for (region, role) in [
        ("cn-north-1", "arn:aws-cn:iam::111122223333:role/insights-reader"),
        ("us-gov-west-1", "arn:aws-us-gov:iam::111122223333:role/insights-reader"),
        ("eusc-de-east-1", "arn:aws-eusc:iam::111122223333:role/insights-reader"),
    ] {
        lab.simulator.clear_log();
        invoke(&lab, &PUSH_ROLE, &event([MEMBER, region], [MEMBER, region])).await;
        let log = lab.simulator.log();
        let assumed = log.iter().find(|call| call.operation == "AssumeRole").unwrap();
        assert_eq!(assumed.input["RoleArn"], role);
    }
}

#[tokio::test]
async fn an_event_is_stored_although_scheduled_runs_skip_the_target() {
    let lab = Lab::new("").await;
    assert_eq!(run(&lab, &[]).await["status"], "not_enabled");
    lab.advance(60);
    assert!(run(&lab, &[]).await["targets"][0].get("ask_again_at").is_some());
    let response = invoke(&lab, &[], &event([ACCOUNT, REGION], [ACCOUNT, REGION])).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
}
