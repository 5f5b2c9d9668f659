//! Dry runs, targets with roles, and the count of calls.

use crate::support::*;

#[tokio::test]
async fn a_dry_run_writes_nothing_and_counts_what_it_would_write() {
    let lab = Lab::new(STORY).await;
    let dry = invoke(&lab, &[], r#"{"dry_run":true}"#).await;
    assert_eq!(
        (summary(&dry).as_str(), &dry["dry_run"], &dry["write_units"]),
        ("ok fetched=6 written=6", &true.into(), &0.0.into())
    );
    assert_eq!(lab.table().await, Table::default());
    assert_eq!(writes(&lab), (0, 0));
    run(&lab, &[]).await;
    let before = lab.table().await;
    lab.advance(3_600);
    let dry = invoke(
        &lab,
        &[],
        r#"{"dry_run":true,"window":{"start":"2026-02-27T00:00:00Z","end":"2026-03-01T13:00:00Z"}}"#,
    )
    .await;
    assert_eq!(summary(&dry), "ok fetched=7 written=1 unchanged=6", "there is a further chunk");
    assert_eq!(lab.table().await, before);
}

#[tokio::test]
async fn the_reported_calls_are_the_actual_calls() {
    let lab = Lab::new(STORY).await;
    lab.fault("LookupEvents=throttle:2");
    lab.fault("ListInsightsMetricData=error500:1@1");
    lab.fault("DescribeTrails=reset:1");
    let response = run(&lab, &[]).await;
    assert_eq!((&response["status"], &response["throttled"]), (&"ok".into(), &2.into()));
    let of_source = [
        "DescribeTrails",
        "GetInsightSelectors",
        "ListInsightsData",
        "ListInsightsMetricData",
        "LookupEvents",
    ];
    for operation in of_source {
        assert_eq!(response["api_calls"][operation].as_u64(), Some(lab.calls(operation)), "{operation}");
    }
    assert_eq!(response["api_calls"].as_object().unwrap().len(), of_source.len());
    // Two pieces and two throttled attempts; the first series, the second one, its retry, and the third one.
    let calls = ["LookupEvents", "ListInsightsMetricData", "DescribeTrails"].map(|name| lab.calls(name));
    assert_eq!(calls, [4, 4, 2]);
}

#[tokio::test]
async fn each_target_is_collected_with_its_own_role_and_account() {
    let elsewhere =
        STORY.replace("[cloudtrail]", "[place.cloudtrail]").replace("[[cloudtrail.", "[[place.cloudtrail.");
    let elsewhere = elsewhere.replace("11111111-1111-4111-8111-111111111111", "there");
    let scenario = format!(
        "[[sts.roles]]\narn = \"arn:aws:iam::111122223333:role/reader\"\nexternal_id = \"secret-1\"\n{STORY}\n\
         [[place]]\naccount = \"111122223333\"\nregion = \"us-east-1\"\n{elsewhere}"
    );
    let targets = r#"[{"account_id":"123456789012"},{"account_id":"111122223333","regions":["us-east-1"],
        "role_arn":"arn:aws:iam::111122223333:role/reader","external_id":"secret-1"}]"#;
    let lab = Lab::new(&scenario).await;
    let response = run(&lab, &[("TARGETS", targets)]).await;
    assert_eq!(summary(&response), "ok fetched=12 written=12");
    let places: Vec<String> = response["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| format!("{}/{}", target["account_id"], target["region"]))
        .collect();
    assert_eq!(places, [r#""111122223333"/"us-east-1""#, r#""123456789012"/"eu-west-1""#]);
    let table = lab.table().await;
    let there = table.get("cloudtrail#111122223333#us-east-1#there", "insight").unwrap();
    assert_eq!((text(there, "account_id"), text(there, "region")), ("111122223333", "us-east-1"));
    assert!(table.get("run#cloudtrail#111122223333#us-east-1", "state").is_some());
    for item in table.0.values() {
        let (account, region) = (text(item, "account_id"), text(item, "region"));
        assert!(text(item, "pk").contains(&format!("cloudtrail#{account}#{region}")), "{item:?}");
    }
    // A denied role does not affect other targets.
    let wrong = targets.replace("secret-1", "secret-2");
    lab.advance(60);
    let response = run(&lab, &[("TARGETS", &wrong)]).await;
    assert_eq!(
        (&response["status"], &response["targets"][0]["status"], &response["targets"][1]["status"]),
        (&"partial".into(), &"failed".into(), &"ok".into())
    );
    assert_eq!(response["targets"][0]["issues"][0]["code"], "AccessDenied");
    // Another account without a role is an invalid configuration or payload.
    assert_eq!(
        fails(&lab, &[("TARGETS", r#"[{"account_id":"111122223333"}]"#)], "{}").await.0,
        "Config.Invalid"
    );
    assert_eq!(fails(&lab, &[], r#"{"targets":[{"account_id":"111122223333"}]}"#).await.0, "Payload.Invalid");
}

#[tokio::test]
async fn an_invalid_configuration_reports_all_faults_of_the_own_variables() {
    let lab = Lab::new(STORY).await;
    let series = r#"[{"event_source":"ec2","event_name":"RunInstances","insight_type":"New","extra":1}]"#;
    let error = lab.try_function::<CloudtrailInsights>(&[
        ("CLOUDTRAIL_PERIOD", "5"),
        ("CLOUDTRAIL_SERIES", series),
        ("LOOKBACK_DAYS", "-1"),
    ]);
    let error = error.unwrap_err();
    assert_eq!(error.error_type, "Config.Invalid");
    for part in [
        "CLOUDTRAIL_PERIOD is 5",
        "CLOUDTRAIL_SERIES[0].event_source is ec2",
        "CLOUDTRAIL_SERIES[0].insight_type is New",
        "CLOUDTRAIL_SERIES[0].extra",
        "LOOKBACK_DAYS",
    ] {
        assert!(error.message.contains(part), "{part} not in {}", error.message);
    }
}
