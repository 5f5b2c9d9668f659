//! A first run: all data of X-Ray, page by page, with records derived by hand from the scenario.

use super::{ALL, calls, counts, insight, partition, run, run_with, state, story, text};
use insights_shared::value::{Map, Value};
use insights_tests::{CLOSED, GROWING, Lab, OBSERVATION_STAMPS, OPEN};

/// Compares the item with `expected`, except for its hash, which the worked example tests.
fn check(item: &Map, expected: &str) {
    let mut item = item.clone();
    let hash = item.remove("content_hash");
    assert_eq!(hash.as_ref().and_then(Value::as_str).map(str::len), Some(64));
    assert_eq!(Value::Map(item), Value::from_json(expected).unwrap());
}

#[tokio::test]
async fn a_first_run_requests_and_stores_every_page() {
    let lab = story().await;
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(counts(&response), [12, 12, 0, 0, 0, 0, 0]);
    // Pages of one: three groups; two summaries and one; three insights; two, one and three events; a graph of two
    // services and two graphs without any.
    assert_eq!(calls(&lab), [3, 3, 3, 6, 4]);
    let table = lab.table().await;
    let expected =
        [("run", 1), ("state", 1), ("xray.impact_graph", 3), ("xray.insight", 3), ("xray.insight_event", 6)];
    assert_eq!(table.kinds(), expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

#[tokio::test]
async fn an_open_insight_is_stored_as_in_the_contract() {
    let lab = story().await;
    run(&lab).await;
    let table = lab.table().await;
    check(
        insight(&table, OPEN),
        r#"{
            "pk": "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "sk": "insight",
            "kind": "xray.insight", "source": "xray", "account_id": "123456789012", "region": "eu-west-1",
            "schema_version": 1, "id": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "title": "More faults in checkout",
            "status": "open", "severity": "critical", "entity": "checkout",
            "measures": {"fault_count": 60, "ok_count": 40, "total_count": 100},
            "started_at": "2026-03-01T09:00:00.000Z", "updated_at": "2026-03-01T11:00:00.000Z",
            "answered_at": "2026-03-01T12:00:00.000Z", "observed_at": "2026-03-01T12:00:00.000Z",
            "collected_by": "xray-insights:$LATEST#request-0",
            "open_pk": "xray",
            "open_sk": "123456789012#eu-west-1#4#2026-03-01T09:00:00.000Z#cc4c30a2",
            "entity_pk": "entity#checkout", "entity_sk": "2026-03-01T09:00:00.000Z#cc4c30a2",
            "detail": {
                "insight_id": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
                "group_arn": "GROUP_ARN", "group_name": "shop",
                "root_cause_service_id": {"name": "checkout", "names": ["checkout"],
                    "account_id": "123456789012", "type": "AWS::Lambda::Function"},
                "categories": ["FAULT"], "state": "ACTIVE", "start_time": "2026-03-01T09:00:00.000Z",
                "summary": "More faults in checkout",
                "root_cause_service_request_impact_statistics":
                    {"fault_count": 60, "ok_count": 40, "total_count": 100},
                "last_update_time": "2026-03-01T11:00:00.000Z"
            }
        }"#
        .replace("GROUP_ARN", &group_arn(&lab))
        .as_str(),
    );
    check(
        table.get(&partition(OPEN), "event#2026-03-01T10:00:00.000Z").unwrap(),
        r#"{
            "pk": "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
            "sk": "event#2026-03-01T10:00:00.000Z", "kind": "xray.insight_event", "source": "xray",
            "account_id": "123456789012", "region": "eu-west-1", "schema_version": 1,
            "title": "Faults in checkout",
            "started_at": "2026-03-01T10:00:00.000Z", "updated_at": "2026-03-01T10:00:00.000Z",
            "answered_at": "2026-03-01T12:00:00.000Z", "observed_at": "2026-03-01T12:00:00.000Z",
            "collected_by": "xray-insights:$LATEST#request-0", "expires_at": 1806919200,
            "detail": {"summary": "Faults in checkout", "event_time": "2026-03-01T10:00:00.000Z",
                "root_cause_service_request_impact_statistics":
                    {"fault_count": 10, "ok_count": 90, "total_count": 100}}
        }"#,
    );
    // The six hours before its newest version, of which it covers two; two services on two pages.
    check(
        table.get(&partition(OPEN), "graph").unwrap(),
        r#"{
            "pk": "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "sk": "graph",
            "kind": "xray.impact_graph", "source": "xray",
            "account_id": "123456789012", "region": "eu-west-1", "schema_version": 1,
            "started_at": "2026-03-01T05:00:00.000Z", "ended_at": "2026-03-01T11:00:00.000Z",
            "updated_at": "2026-03-01T11:00:00.000Z",
            "answered_at": "2026-03-01T12:00:00.000Z", "observed_at": "2026-03-01T12:00:00.000Z",
            "collected_by": "xray-insights:$LATEST#request-0", "expires_at": 1806922800,
            "detail": {"insight_id": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
                "start_time": "2026-03-01T05:00:00.000Z", "end_time": "2026-03-01T11:00:00.000Z",
                "service_graph_start_time": "2026-03-01T09:00:00.000Z",
                "service_graph_end_time": "2026-03-01T11:00:00.000Z",
                "services": [
                    {"reference_id": 0, "type": "client", "name": "storefront", "names": ["storefront"],
                     "edges": [{"reference_id": 1}]},
                    {"reference_id": 1, "name": "checkout", "names": ["checkout"],
                     "account_id": "123456789012", "edges": []}
                ]}
        }"#,
    );
}

/// The ARN of the group `shop`; the simulator generates the last part.
fn group_arn(lab: &Lab) -> String {
    let calls = lab.simulator.log();
    let mut arns = calls.iter().filter_map(|call| call.input.get("GroupARN")?.as_str());
    let arn = arns.find(|arn| arn.contains("group/shop/")).unwrap();
    arn.to_owned()
}

#[tokio::test]
async fn the_severity_of_a_closed_insight_uses_the_clients_if_the_root_cause_has_no_counts() {
    let lab = story().await;
    run(&lab).await;
    let table = lab.table().await;
    let closed = insight(&table, CLOSED);
    for (name, expected) in [
        ("status", "closed"),
        ("severity", "medium"),
        ("entity", "payments"),
        ("started_at", "2026-02-28T10:00:00.000Z"),
        ("ended_at", "2026-02-28T11:00:00.000Z"),
        ("updated_at", "2026-02-28T11:00:00.000Z"),
        ("ended_pk", "xray.insight#2026-02"),
    ] {
        assert_eq!(text(closed, name), Some(expected), "{name}");
    }
    assert_eq!(closed["expires_at"], 1_806_836_400.into(), "400 days after its end");
    assert!(!closed.contains_key("open_pk") && !closed.contains_key("status_reason"));
    assert_eq!(text(insight(&table, GROWING), "severity"), Some("high"));
}

#[tokio::test]
async fn state_and_run_describe_the_run() {
    let lab = story().await;
    let function = lab.function::<xray_insights::XrayInsights>(&[]);
    function.invoke(r#"{"scheduled_time":"2026-03-01T11:55:00Z"}"#).await.unwrap();
    let state = state(&lab).await.unwrap();
    for (name, expected) in [
        ("watermark", "2026-03-01T12:00:00.000Z"),
        ("last_run_at", "2026-03-01T12:00:00.000Z"),
        ("last_success_at", "2026-03-01T12:00:00.000Z"),
        ("last_status", "ok"),
    ] {
        assert_eq!(text(&state, name), Some(expected), "{name}");
    }
    let table = lab.table().await;
    let run = table.get("run#xray#123456789012#eu-west-1", "2026-03-01T12:00:00.000Z#request-0").unwrap();
    assert_eq!(text(run, "scheduled_time"), Some("2026-03-01T11:55:00.000Z"), "recorded, nothing more");
    assert_eq!((text(run, "trigger"), text(run, "status")), (Some("scheduled"), Some("ok")));
    let window = Value::from_json(r#"{"start":"2026-01-30T12:30:00.000Z","end":"2026-03-01T12:00:00.000Z"}"#);
    assert_eq!(
        run["window"],
        window.unwrap(),
        "thirty days by the service's clock, which may be ahead of ours"
    );
}

#[tokio::test]
async fn the_order_of_calls_does_not_matter() {
    let (one, many) = (story().await, story().await);
    run_with(&one, &[("CONCURRENCY", "1")], "{}").await.unwrap();
    run_with(&many, &[("CONCURRENCY", "256")], "{}").await.unwrap();
    one.table().await.assert_same_content(&many.table().await);
}

#[tokio::test]
async fn insights_on_several_full_pages_are_stored_and_requested_once() {
    let insight = |number: i64| {
        let minutes = number + 1;
        format!("[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\nstart = \"-{minutes}m\"\n")
    };
    let groups = "[xray]\ngroups = [{ name = \"shop\", insights_enabled = true }]\n".to_owned();
    let scenario = groups + &(0..101).map(insight).collect::<String>();
    let lab = Lab::new(&scenario).await;
    let response = run_with(&lab, &[("CONCURRENCY", "32")], "{}").await.unwrap();
    assert_eq!(counts(&response)[..2], [202, 202]);
    // Pages of a hundred, the maximum of the service.
    assert_eq!(calls(&lab), [1, 2, 101, 101, 101]);
    assert_eq!(lab.table().await.of_kind("xray.insight").len(), 101);
    let response = run_with(&lab, &[], "{}").await.unwrap();
    assert_eq!(counts(&response)[..3], [101, 0, 101]);
    assert_eq!(calls(&lab), [1, 2, 0, 0, 0]);
}

#[tokio::test]
async fn the_built_in_scenario_is_stored_completely_except_the_insight_without_start() {
    let lab = Lab::built_in().await;
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(response["rejected"], 1);
    assert_eq!(response["targets"][0]["issue_counts"], serde_json::json!({"Record.Invalid": 1}));
    let table = lab.table().await;
    let rejected = table.of_kind("rejected");
    assert_eq!(rejected.len(), 1);
    assert!(text(rejected[0], "raw").unwrap().contains("suggestions"));
    assert!(
        lab.simulator.log().iter().all(|call| call.status == Some(200)),
        "nothing that X-Ray would refuse"
    );
    let before = lab.table().await;
    lab.advance(60);
    let response = run(&lab).await;
    // Rejected insights are validated again because they are not stored, and so is the insight whose summary has no
    // time.
    assert_eq!(calls(&lab)[2], 2);
    assert_eq!((response["written"].as_u64(), response["rejected"].as_u64()), (Some(0), Some(1)));
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn records_have_the_time_of_the_answer_and_the_id_of_the_run() {
    let lab = story().await;
    run(&lab).await;
    let table = lab.table().await;
    for id in ALL {
        for name in OBSERVATION_STAMPS {
            assert!(insight(&table, id).contains_key(name), "{id} {name}");
        }
    }
}
