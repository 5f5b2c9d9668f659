//! Limits of an invocation: time, memory, and the size of its response.

use super::text;
use insights_tests::{ACCOUNT, PausedLab, Table, paused};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;
use tokio::time::Instant;
use xray_insights::XrayInsights;

/// Each test has its own region, because the SDK has one retry budget per region and process.
const FALLBACK: [&str; 5] = ["af-south-1", "ap-east-1", "ap-south-2", "eu-south-1", "eu-south-2"];
const OPTIONAL: [&str; 2] = ["me-central-1", "me-south-1"];
const RATED: &str = "us-west-1";
const ENDLESS: &str = "il-central-1";
const MANY: [&str; 3] = ["ca-west-1", "mx-central-1", "sa-east-1"];

/// This number of insights, each with an event and a graph of one service; all on one page.
fn insights(count: usize) -> String {
    let mut scenario =
        "[xray]\npage_size = 100\ngroups = [{ name = \"shop\", insights_enabled = true }]\n".to_owned();
    for number in 0..count {
        write!(
            scenario,
            r#"
[[xray.insights]]
id = "7c4ee9a1-3f5b-4d2e-9a68-{number:012}"
group = "shop"
start = "-3h"
root_cause = "checkout"
events = [{{ time = "-2h", summary = "Faults", root_cause = {{ fault = 10, ok = 90, total = 100 }} }}]
graph = [{{ name = "checkout", account_id = "own", edges = [] }}]
"#
        )
        .unwrap();
    }
    scenario
}

async fn run_for(lab: &PausedLab, payload: &str, time: Duration) -> (Value, Duration) {
    let begun = Instant::now();
    let response =
        lab.invoke::<XrayInsights>(&[], payload, |context| context.deadline = Some(begun + time)).await;
    let took = begun.elapsed();
    (response.unwrap_or_else(|error| panic!("{error}")), took)
}

fn calls(lab: &PausedLab, operation: &str) -> usize {
    lab.log().iter().filter(|call| call.operation == operation).count()
}

fn kinds(table: &Table) -> [usize; 3] {
    ["xray.insight", "xray.insight_event", "xray.impact_graph"].map(|kind| table.of_kind(kind).len())
}

#[test]
fn after_a_failed_batch_of_inserts_everything_is_put_in_the_same_invocation() {
    paused(async {
        // moto responds to every INSERT with 500.
        for (kind, region) in ["error500", "throttle", "hang", "reset", "html503"].into_iter().zip(FALLBACK) {
            let lab = PausedLab::new(region, &insights(40)).await;
            lab.fault(&format!("BatchExecuteStatement={kind}"));
            let (response, took) = run_for(&lab, "{}", Duration::from_mins(1)).await;
            assert_eq!(response["status"], "ok", "{kind}: {response}");
            assert_eq!((&response["written"], &response["failed"]), (&120.into(), &0.into()), "{kind}");
            assert!(took < Duration::from_secs(20), "{kind}: {took:?}");
            assert!(calls(&lab, "BatchExecuteStatement") <= 3, "{kind}: more than the tries of one call");
            assert_eq!(kinds(&lab.table().await), [40, 40, 40], "{kind}");
        }
    });
}

#[test]
fn hanging_graph_or_event_requests_leave_time_for_every_insight() {
    paused(async {
        for (operation, region) in ["GetInsightImpactGraph", "GetInsightEvents"].into_iter().zip(OPTIONAL) {
            let lab = PausedLab::new(region, &insights(40)).await;
            lab.fault(&format!("{operation}=hang"));
            let (response, _) = run_for(&lab, "{}", Duration::from_mins(1)).await;
            assert_eq!(
                (&response["status"], &response["not_reached"]),
                (&"partial".into(), &0.into()),
                "{response}"
            );
            assert_eq!(response["targets"][0]["issue_counts"], json!({"Timeout": 40}), "{operation}");
            let table = lab.table().await;
            assert_eq!(kinds(&table)[0], 40, "{operation}");
            for insight in table.of_kind("xray.insight") {
                assert!(insight["detail"].at(&["last_update_time"]).is_none(), "it is asked for again");
            }
        }
    });
}

#[test]
fn waiting_for_our_rate_limit_is_not_a_service_failure() {
    paused(async {
        // Eight calls with intervals of ten seconds; 48 seconds are enough for five.
        let lab = PausedLab::new(RATED, &insights(8)).await;
        let begun = Instant::now();
        let limits = [("RATE_LIMITS", r#"{"GetInsightEvents":0.1,"default":0}"#), ("CONCURRENCY", "8")];
        let response = lab
            .invoke::<XrayInsights>(&limits, "{}", |context| {
                context.deadline = Some(begun + Duration::from_mins(1));
            })
            .await
            .unwrap();
        assert_eq!(response["targets"][0]["issue_counts"], json!({}), "{response}");
        assert_eq!((&response["status"], &response["not_reached"]), (&"partial".into(), &3.into()));
        assert_eq!((calls(&lab, "GetInsightEvents"), calls(&lab, "GetInsightImpactGraph")), (5, 5));
        let table = lab.table().await;
        let stored = table.of_kind("xray.insight");
        let whole = stored.iter().filter(|insight| insight["detail"].at(&["last_update_time"]).is_some());
        assert_eq!((stored.len(), whole.count()), (8, 5), "the other three are asked for again");
    });
}

/// Endless listings, with the number of pages of a hundred items that are requested before the limit.
#[test]
fn an_endless_listing_stops_at_the_limit_and_is_an_issue() {
    let groups: Vec<String> =
        (0..100).map(|number| format!("{{ name = \"shop{number}\", insights_enabled = true }}")).collect();
    let groups = format!("[xray]\npage_size = 100\ngroups = [{}]", groups.join(", "));
    let events: Vec<String> = (1..101)
        .map(|number| format!("{{ time = \"-{number}m\", summary = \"Faults\", client = {{ fault = 1, ok = 9, total = 10 }} }}"))
        .collect();
    let events = format!(
        "[xray]\npage_size = 50\ngroups = [{{ name = \"shop\", insights_enabled = true }}]\n[[xray.insights]]\n\
         id = \"7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f\"\ngroup = \"shop\"\nstart = \"-3h\"\nevents = [{}]",
        events.join(", ")
    );
    let first = format!("7c4ee9a1-3f5b-4d2e-9a68-{:012}", 0);
    paused(async {
        // One page more than the limit of stored items, or the maximum number of pages of any listing.
        for (scenario, marker, operation, subject, pages, varied) in [
            (&groups, "/Groups", "GetGroups", "groups", 101, Some("shop")),
            (
                &events,
                "/InsightEvents",
                "GetInsightEvents",
                "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
                201,
                None,
            ),
            (&insights(1), "/InsightSummaries", "GetInsightSummaries", "shop", 2_000, None),
            (&insights(1), "/InsightImpactGraph", "GetInsightImpactGraph", first.as_str(), 2_000, None),
        ] {
            let lab = PausedLab::new(ENDLESS, scenario).await;
            lab.endless(marker, "NextToken", varied);
            let result = lab.invoke::<XrayInsights>(&[], "{}", |_| ()).await;
            assert_eq!(lab.endless_pages(), pages, "{operation}");
            let table = lab.table().await;
            let [run] = table.of_kind("run")[..] else { panic!("one run") };
            let issues = run["issues"].as_list().unwrap();
            assert_eq!(issues.len(), 1, "{issues:?}");
            let member = |name: &str| issues[0].at(&[name]).unwrap().as_str().unwrap().to_owned();
            assert_eq!((member("operation"), member("subject")), (operation.to_owned(), subject.to_owned()));
            assert_eq!(member("code"), "Response.Malformed");
            assert!(member("message").starts_with("the listing was ended after "), "{}", member("message"));
            let [state] = table.of_kind("state")[..] else { panic!("one state") };
            assert!(!state.contains_key("watermark"), "{operation}");
            match (operation, result) {
                ("GetGroups", Err(error)) => assert_eq!(error.error_type, "Source.Unavailable"),
                ("GetGroups", Ok(response)) => panic!("{response}"),
                (_, result) => {
                    assert_eq!(result.unwrap()["status"], "partial", "{operation}");
                    assert_eq!(table.of_kind("xray.insight").len(), 1, "{operation}: the insight is stored");
                }
            }
        }
    });
}

/// Many regions, of which eight run at once and get no response.
fn many_targets(count: usize) -> String {
    let regions: Vec<String> = (0..count).map(|number| format!("xx-test-{number}")).collect();
    json!({"targets": [{"account_id": ACCOUNT, "regions": regions}]}).to_string()
}

#[test]
fn an_invocation_with_five_thousand_targets_ends_in_time_and_counts_unstarted_targets_as_not_reached() {
    paused(async {
        let lab = PausedLab::new(MANY[0], "[xray]").await;
        let payload = many_targets(5_000);
        let mut begun_before = BTreeSet::new();
        for round in 0..2 {
            lab.clear_faults();
            lab.clear_log();
            lab.fault("GetGroups=hang");
            let time = Duration::from_mins(1);
            let (response, took) = run_for(&lab, &payload, time).await;
            assert!(took < time, "{took:?}");
            assert_eq!((&response["status"], &response["not_reached"]), (&"partial".into(), &5_000.into()));
            let targets = response["targets"].as_array().unwrap();
            assert_eq!((targets.len(), &response["targets_left_out"]), (5_000, &0.into()));
            for target in targets {
                assert_eq!(
                    (&target["status"], &target["not_reached"]),
                    (&"partial".into(), &1.into()),
                    "{target}"
                );
                assert_eq!(target["issues"], json!([]), "{target}");
            }
            let log = lab.log();
            let asked: BTreeSet<String> = log
                .iter()
                .filter(|call| call.operation == "GetGroups")
                .map(|call| call.region.clone())
                .collect();
            assert_eq!(asked.len(), 8);
            assert!(asked.is_disjoint(&begun_before), "whoever waited longest comes first");
            begun_before.extend(asked);
            // Fifty reads of a hundred states; writes only for the eight.
            assert_eq!(calls(&lab, "BatchGetItem"), 50);
            assert_eq!((calls(&lab, "PutItem"), calls(&lab, "UpdateItem")), (8, 8), "round {round}");
            lab.advance(60);
        }
        let table = lab.table().await;
        assert_eq!((table.of_kind("state").len(), table.of_kind("run").len()), (16, 16));
        for state in table.of_kind("state") {
            assert!(begun_before.contains(text(state, "region").unwrap()));
        }
    });
}

/// The result of an invocation with thousands of targets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    /// No target fails; unstarted targets are not reached.
    NoneFails,
    /// Each started target fails; the others are not reached.
    EachBegunFails,
    /// The invocation fails because of the table.
    TableUnavailable,
}

#[test]
fn an_invocation_with_thousands_of_targets_ends_in_time_even_if_services_hang() {
    paused(async {
        let payload = many_targets(1_500);
        for (fault, seconds, region, expected) in [
            ("GetGroups=hang", 3, MANY[1], Ending::NoneFails),
            ("GetGroups=slow-1", 20, MANY[1], Ending::NoneFails),
            // The `run` of a started target cannot be stored.
            ("PutItem=hang", 30, MANY[1], Ending::EachBegunFails),
            // The table responds in time.
            ("UpdateItem=slow-3", 10, MANY[2], Ending::NoneFails),
            ("BatchGetItem=hang", 10, MANY[2], Ending::TableUnavailable),
        ] {
            let lab = PausedLab::new(region, "[xray]").await;
            lab.fault(fault);
            let time = Duration::from_secs(seconds);
            let begun = Instant::now();
            let result = lab
                .invoke::<XrayInsights>(&[], &payload, |context| context.deadline = Some(begun + time))
                .await;
            assert!(begun.elapsed() < time, "{fault}: {:?}", begun.elapsed());
            if expected == Ending::TableUnavailable {
                assert_eq!(result.unwrap_err().error_type, "Table.Unavailable", "{fault}");
                continue;
            }
            let response = result.unwrap_or_else(|error| panic!("{fault}: {error}"));
            let not_reached = response["not_reached"].as_u64().unwrap();
            assert!(not_reached > 1_000 && response["status"] == "partial", "{fault}: {not_reached}");
            let targets = response["targets"].as_array().unwrap();
            let failed = targets.iter().filter(|target| target["status"] == "failed").count() as u64;
            let begun = if expected == Ending::EachBegunFails { 1_500 - not_reached } else { 0 };
            assert_eq!(failed, begun, "{fault}");
        }
    });
}

#[test]
fn a_failed_read_of_states_fails_only_its_targets() {
    paused(async {
        let lab = PausedLab::new(MANY[0], "[xray]").await;
        let regions: Vec<String> = (0..250).map(|number| format!("xx-test-{number}")).collect();
        let payload = json!({"targets": [{"account_id": ACCOUNT, "regions": regions}]}).to_string();
        lab.fault("BatchGetItem=denied:1");
        let (response, _) = run_for(&lab, &payload, Duration::from_mins(10)).await;
        assert_eq!(response["status"], "partial");
        let targets = response["targets"].as_array().unwrap();
        let of = |status: &str| targets.iter().filter(|target| target["status"] == status).count();
        assert_eq!((of("failed"), of("not_enabled")), (100, 150), "a hundred states are read at once");
        let failed = targets.iter().find(|target| target["status"] == "failed").unwrap();
        assert_eq!(
            (&failed["issues"][0]["subject"], &failed["issues"][0]["code"]),
            (&"state".into(), &"AccessDeniedException".into())
        );
    });
}
