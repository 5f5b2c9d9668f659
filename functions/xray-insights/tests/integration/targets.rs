//! Several accounts and regions: each has its own credentials, and none affects another.

use super::{counts, issues, run_with, story, text};
use insights_simulator::Fault;
use insights_tests::{Lab, STORY};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use xray_insights::XrayInsights;

const ROLE: &str = "arn:aws:iam::111122223333:role/insights-reader";

#[expect(clippy::needless_pass_by_value, reason = "callers write the list on the spot")]
fn targets(list: Value) -> String {
    json!({ "targets": list }).to_string()
}

fn statuses(response: &Value) -> Vec<(&str, &str, &str)> {
    response["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| {
            let text = |name: &str| target[name].as_str().unwrap();
            (text("account_id"), text("region"), text("status"))
        })
        .collect()
}

#[tokio::test]
async fn each_account_and_region_is_collected_with_its_own_credentials() {
    let lab = story().await;
    let list = json!([
        {"account_id": "123456789012", "regions": ["eu-west-1", "us-east-1"]},
        {"account_id": "111122223333", "role_arn": ROLE, "external_id": "sesame", "regions": ["eu-west-1"]},
    ]);
    let response = run_with(&lab, &[("TARGETS", &list.to_string())], "{}").await.unwrap();
    let expected = [
        ("111122223333", "eu-west-1", "ok"),
        ("123456789012", "eu-west-1", "ok"),
        ("123456789012", "us-east-1", "ok"),
    ];
    assert_eq!(statuses(&response), expected);
    assert_eq!(counts(&response)[..2], [36, 36]);
    let log = lab.simulator.log();
    let asked: BTreeSet<_> = log
        .iter()
        .filter(|call| call.service == "xray")
        .map(|call| (call.account.as_str(), call.region.as_str()))
        .collect();
    assert_eq!(asked, expected.map(|(account, region, _)| (account, region)).into());
    let assumed = log.iter().find(|call| call.operation == "AssumeRole").unwrap();
    assert_eq!((&assumed.input["RoleArn"], &assumed.input["ExternalId"]), (&json!(ROLE), &json!("sesame")));
    // The table belongs to the function's account for all targets.
    assert!(log.iter().filter(|call| call.service == "dynamodb").all(|call| call.account == "123456789012"));
    let table = lab.table().await;
    for item in table.of_kind("xray.insight") {
        let [account, region] = ["account_id", "region"].map(|name| text(item, name).unwrap());
        assert!(text(item, "pk").unwrap().starts_with(&format!("xray#{account}#{region}#")));
        assert!(asked.contains(&(account, region)));
        let arn = item["detail"].at(&["group_arn"]).unwrap().as_str().unwrap();
        assert!(arn.contains(&format!(":{region}:{account}:")), "{arn}");
    }
    assert_eq!((table.of_kind("state").len(), table.of_kind("run").len()), (3, 3));
}

#[tokio::test]
async fn targets_of_the_payload_replace_the_configured_ones() {
    let lab = story().await;
    let configured = json!([{"account_id": "111122223333", "role_arn": ROLE}]).to_string();
    let payload = targets(json!([{"account_id": "123456789012", "regions": ["us-east-1"]}]));
    let response = run_with(&lab, &[("TARGETS", &configured)], &payload).await.unwrap();
    assert_eq!(statuses(&response), [("123456789012", "us-east-1", "ok")]);
    assert_eq!(lab.calls("AssumeRole"), 0);
}

#[tokio::test]
async fn a_denied_role_fails_only_its_target() {
    let scenario = format!("{STORY}\n[sts]\nroles = [{{ arn = \"{ROLE}\", external_id = \"sesame\" }}]");
    let lab = Lab::new(&scenario).await;
    let payload = targets(json!([
        {"account_id": "123456789012"},
        {"account_id": "111122223333", "role_arn": ROLE, "external_id": "wrong"},
    ]));
    let response = run_with(&lab, &[], &payload).await.unwrap();
    assert_eq!(response["status"], "partial");
    assert_eq!(
        statuses(&response),
        [("111122223333", "eu-west-1", "failed"), ("123456789012", "eu-west-1", "ok")]
    );
    assert_eq!(issues(&response), [("AssumeRole", ROLE, "AccessDenied")]);
    let table = lab.table().await;
    let failed = table.get("run#xray#111122223333#eu-west-1", "state").unwrap();
    assert_eq!(text(failed, "last_status"), Some("failed"));
    assert!(!failed.contains_key("last_success_at"));
}

#[tokio::test]
async fn an_invocation_with_only_denied_roles_is_denied() {
    let scenario = format!("{STORY}\n[sts]\nroles = [{{ arn = \"{ROLE}\", deny = true }}]");
    let lab = Lab::new(&scenario).await;
    let payload = targets(json!([{"account_id": "111122223333", "role_arn": ROLE}]));
    let error = run_with(&lab, &[], &payload).await.unwrap_err();
    assert_eq!(error.error_type, "Source.Denied");
    assert!(error.message.contains("111122223333/eu-west-1: AssumeRole"), "{error}");
}

#[tokio::test]
async fn a_role_of_another_account_and_a_foreign_account_without_role_are_errors() {
    let lab = story().await;
    for (target, expected) in [
        (
            json!({"account_id": "123456789012", "role_arn": ROLE}),
            "must be a role of the target's account 123456789012",
        ),
        (
            json!({"account_id": "111122223333"}),
            "needs a role_arn, since it is not the own account 123456789012",
        ),
    ] {
        let list = json!([target]);
        let error = run_with(&lab, &[], &targets(list.clone())).await.unwrap_err();
        assert_eq!(error.error_type, "Payload.Invalid");
        assert!(error.message.contains(expected), "{error}");
        let function = lab.try_function::<XrayInsights>(&[("TARGETS", &list.to_string())]);
        let error = match function {
            Err(error) => error,
            Ok(function) => function.invoke("{}").await.unwrap_err(),
        };
        assert_eq!(error.error_type, "Config.Invalid");
        assert!(error.message.contains(expected), "{error}");
    }
    assert!(lab.table().await.0.is_empty(), "no record carries a wrong account");
}

#[tokio::test]
async fn a_failing_target_does_not_affect_others() {
    let lab = story().await;
    let payload = targets(json!([{"account_id": "123456789012", "regions": ["eu-west-1", "us-east-1"]}]));
    lab.simulator.fault("GetGroups=denied:1".parse::<Fault>().unwrap());
    let response = run_with(&lab, &[], &payload).await.unwrap();
    assert_eq!(response["status"], "partial");
    let mut found: Vec<_> = statuses(&response).into_iter().map(|(_, _, status)| status).collect();
    found.sort_unstable();
    assert_eq!(found, ["failed", "ok"]);
    assert_eq!(lab.table().await.of_kind("xray.insight").len(), 3);
}

#[tokio::test]
async fn the_target_that_waited_longest_comes_first() {
    let lab = story().await;
    let one = |region: &str| targets(json!([{"account_id": "123456789012", "regions": [region]}]));
    run_with(&lab, &[], &one("eu-west-1")).await.unwrap();
    lab.advance(60);
    run_with(&lab, &[], &one("us-east-1")).await.unwrap();
    lab.advance(60);
    let all =
        targets(json!([{"account_id": "123456789012", "regions": ["us-east-1", "eu-west-1", "eu-north-1"]}]));
    run_with(&lab, &[], &all).await.unwrap();
    let log = lab.simulator.log();
    let mut order: Vec<&str> =
        log.iter().filter(|call| call.operation == "GetGroups").map(|call| call.region.as_str()).collect();
    order.dedup();
    assert_eq!(order[0], "eu-north-1", "it was never worked");
}

/// Nine regions, of which eight run at once, each for the whole time of an invocation.
#[tokio::test]
async fn a_target_that_was_not_reached_comes_first_in_the_next_run() {
    const REGIONS: [&str; 9] = [
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "eu-north-1",
        "eu-central-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    let lab = story().await;
    let payload = targets(json!([{"account_id": "123456789012", "regions": REGIONS}]));
    let mut left = "us-west-2".to_owned();
    for round in 0..3 {
        lab.simulator.clear_log();
        lab.simulator.fault("GetGroups=hang:8".parse::<Fault>().unwrap());
        let function = lab.function::<XrayInsights>(&[]);
        function.invoke_within(&payload, Duration::from_secs(4)).await.unwrap();
        let log = lab.simulator.log();
        let asked = log.iter().filter(|call| call.operation == "GetGroups");
        let asked: BTreeSet<&str> = asked.map(|call| call.region.as_str()).collect();
        let not_asked: Vec<&&str> = REGIONS.iter().filter(|region| !asked.contains(*region)).collect();
        assert_eq!(not_asked.len(), 1, "{asked:?}");
        assert_eq!(*not_asked[0] == left, round == 0, "{left} waited: {asked:?}");
        (*not_asked[0]).clone_into(&mut left);
        lab.advance(60);
    }
}
