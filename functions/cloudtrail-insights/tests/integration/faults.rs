//! Every fault of every operation: stored data, issues with their codes, and the completion by a later run.

use crate::support::*;
use insights_shared::value::Text;
use insights_sources::cloudtrail;
use insights_tests::faults::{self, DONE, Exception, Expected, FaultChecks, earlier_run};
use insights_tests::{PausedLab, REGION, fault_tests, paused};
use std::marker::PhantomData;
use std::time::Duration;

/// The scenario of these tests, and the contents of its table: insights, chunks, catalog rows, how many of those have a
/// watermark of their own because they are behind, the target's watermark, `run` and the status in `state`.
const CHECKS: FaultChecks<CloudtrailInsights> = FaultChecks {
    scenario: STORY,
    variables: &[("LOOKBACK_DAYS", "3")],
    left,
    throttled: "ThrottlingException",
    internal: "InternalFailure",
    operations: &OPERATIONS,
    // The first piece has no events: the fault cannot change the type of a member that is absent.
    exceptions: &[(
        &["wrong-type"],
        Expected {
            left: "insights 1 (0 open) chunks 1 series 1 trails 1 behind 0 watermark 2026-02-27T12:00 run 1 state partial",
            ..OPERATIONS[4]
        },
    )],
    without_lists: &[],
    repeated_tokens: &[
        // The trail's first piece ends with the second in which its insight begins: the Start is stored.
        Expected {
            left: "insights 3 (2 open) chunks 3 series 3 trails 1 behind 1 watermark 2026-03-01T12:00 run 1 state partial",
            ..OPERATIONS[2]
        },
        OPERATIONS[3],
        OPERATIONS[4],
    ],
    paged: &["LookupEvents", "ListInsightsData", "ListInsightsMetricData"],
    table_operations: &TABLE_OPERATIONS,
    table_exceptions: &TABLE_EXCEPTIONS,
    collector: PhantomData,
};

fault_tests!(CHECKS);

fn left(table: &Table) -> String {
    let insights = table.of_kind("cloudtrail.insight");
    let open = insights.iter().filter(|insight| text(insight, "status") == "open").count();
    let rows = table.of_kind("catalog");
    let rows_of = |prefix: &str| rows.iter().filter(|row| text(row, "sk").starts_with(prefix)).count();
    let behind = rows.iter().filter(|row| row.contains_key("watermark")).count();
    let state = table.of_kind("state").first().copied();
    format!(
        "insights {} ({open} open) chunks {} series {} trails {} behind {behind} watermark {} run {} state {}",
        insights.len(),
        table.of_kind("cloudtrail.metric").len(),
        rows_of("series#"),
        rows_of("trail#"),
        faults::text(state, "watermark").get(..16).unwrap_or("-"),
        table.of_kind("run").len(),
        faults::text(state, "last_status"),
    )
}

/// The effect of each operation that always fails. Two insights belong to the account and one to a trail; each names a
/// series of one chunk. The watermark passes only series and trails whose row has its own watermark, and those without
/// any row, which will be fetched from the beginning.
const OPERATIONS: [Expected; 5] = [
    Expected {
        operation: "DescribeTrails",
        status: "partial",
        issues: 1,
        left: "insights 2 (1 open) chunks 2 series 2 trails 0 behind 0 watermark 2026-03-01T12:00 run 1 state partial",
    },
    // Both trails have insights of some type.
    Expected {
        operation: "GetInsightSelectors",
        status: "partial",
        issues: 2,
        left: "insights 2 (1 open) chunks 2 series 2 trails 0 behind 0 watermark 2026-03-01T12:00 run 1 state partial",
    },
    Expected {
        operation: "ListInsightsData",
        status: "partial",
        issues: 1,
        left: "insights 2 (1 open) chunks 2 series 2 trails 1 behind 1 watermark 2026-03-01T12:00 run 1 state partial",
    },
    Expected {
        operation: "ListInsightsMetricData",
        status: "partial",
        issues: 3,
        left: "insights 3 (1 open) chunks 0 series 3 trails 1 behind 3 watermark 2026-03-01T12:00 run 1 state partial",
    },
    // The first piece fails, so the later ones are not processed.
    Expected {
        operation: "LookupEvents",
        status: "partial",
        issues: 1,
        left: "insights 1 (0 open) chunks 1 series 1 trails 1 behind 0 watermark - run 1 state partial",
    },
];

/// The effect of each table operation that fails at every call, or at every call after the first.
const TABLE_OPERATIONS: [Expected; 5] = [
    // A run reads the state first, and calls CloudTrail only if this succeeds.
    Expected {
        operation: "BatchGetItem",
        status: "failed",
        issues: 0,
        left: "insights 0 (0 open) chunks 0 series 0 trails 0 behind 0 watermark - run 0 state -",
    },
    // Three insights and three chunks cannot be compared; rows need no comparison. The first piece has no event.
    Expected {
        operation: "BatchGetItem@1",
        status: "failed",
        issues: 6,
        left: "insights 0 (0 open) chunks 0 series 3 trails 1 behind 4 watermark 2026-02-27T12:00 run 1 state failed",
    },
    // Without its rows a run does not know any progress, and makes no requests.
    Expected {
        operation: "Query",
        status: "failed",
        issues: 1,
        left: "insights 0 (0 open) chunks 0 series 0 trails 0 behind 0 watermark - run 1 state failed",
    },
    // Three insights, three chunks, three series rows when they are named and again after their chunks, the trail row
    // when it is found and again after its events, and the run.
    Expected {
        operation: "PutItem",
        status: "failed",
        issues: 3 + 3 + 3 + 3 + 1 + 1 + 1,
        left: "insights 0 (0 open) chunks 0 series 0 trails 0 behind 0 watermark 2026-02-27T12:00 run 0 state failed",
    },
    // The watermark after the first piece, so the second one is not started, and the state.
    Expected {
        operation: "UpdateItem",
        status: "partial",
        issues: 2,
        left: "insights 1 (0 open) chunks 1 series 1 trails 1 behind 0 watermark - run 1 state -",
    },
];

/// Items that are stored although they are reported as failed.
const UNKNOWN: &str =
    "insights 3 (2 open) chunks 3 series 3 trails 1 behind 4 watermark 2026-02-27T12:00 run 1 state failed";

/// The same if the table carries out the call but its response is lost.
const TABLE_EXCEPTIONS: [Exception; 3] = [
    (&["lost-answer", "truncate"], Expected { left: UNKNOWN, ..TABLE_OPERATIONS[3] }),
    // A failed condition is a response: an existing row is read, and has the expected content.
    (&["wrong-type"], Expected { left: UNKNOWN, issues: 3 + 3 + 3 + 1 + 1, ..TABLE_OPERATIONS[3] }),
    (
        &DONE,
        Expected {
            left: "insights 1 (0 open) chunks 1 series 1 trails 1 behind 0 watermark 2026-02-27T12:00 run 1 state partial",
            ..TABLE_OPERATIONS[4]
        },
    ),
];

#[tokio::test]
async fn every_page_of_a_look_up_is_requested() {
    let mut scenario = String::new();
    for index in 0..120 {
        let further = format!(
            "[[cloudtrail.insights]]\nid = \"i{index}\"\nevent_source = \"ec2.amazonaws.com\"\nevent_name = \"RunInstances\"\n\
             insight_type = \"ApiCallRateInsight\"\nstart = \"-{}m\"\naverage = 1\n",
            index + 1
        );
        scenario += &further;
    }
    let lab = Lab::new(&story(&scenario)).await;
    // The second page fails at first: the items of the first page are stored nevertheless.
    lab.fault("LookupEvents=denied:1@2");
    assert_eq!(run(&lab, &[]).await["status"], "partial");
    let table = lab.table().await;
    assert_eq!(table.of_kind("cloudtrail.insight").len(), 50);
    assert_eq!(
        text(series_row(&table, RUN_SERIES), "named_at"),
        "2026-03-01T11:59:00.000Z",
        "what it named is not forgotten"
    );
    assert_eq!(watermark(&table), "2026-02-27T12:00:00.000Z");
    lab.simulator.clear_log();
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    assert_eq!(lab.calls("LookupEvents"), 2 + 2, "two pieces, two further pages: 50, 50 and 20");
    let windows: std::collections::BTreeSet<String> =
        asked(&lab, "LookupEvents", &["StartTime", "EndTime"]).into_iter().collect();
    assert_eq!(windows.len(), 2, "a token is bound to its window, whose bounds stay");
    assert_eq!(lab.table().await.of_kind("cloudtrail.insight").len(), 120);
}

#[tokio::test]
async fn an_unknown_value_is_stored_unchanged_and_affects_only_its_series() {
    let lab = Lab::new(STORY).await;
    lab.fault("LookupEvents=unknown-enum");
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "ok fetched=4 written=4");
    let invalid =
        |name: &str| format!("fetch ListInsightsMetricData {name}#SOMETHING_NEW#-#- Request.Invalid");
    assert_eq!(
        issues(&response),
        [invalid("ec2.amazonaws.com#RunInstances"), invalid("sqs.amazonaws.com#DeleteQueue")]
    );
    let stored = Value::Map(insight_of(&lab.table().await, RUN).clone());
    let path = ["detail", "start", "insight_details", "insight_type"];
    assert_eq!(stored.at(&path), Some(&"SOMETHING_NEW".into()));
    // An unknown category of insight selectors does not include data events.
    let lab = Lab::new(STORY).await;
    lab.fault("GetInsightSelectors=unknown-enum");
    assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=4 written=4");
}

#[tokio::test]
async fn missing_members_of_an_answer_are_absent_in_the_record() {
    let lab = Lab::new(STORY).await;
    for operation in ["LookupEvents", "ListInsightsData", "ListInsightsMetricData", "DescribeTrails"] {
        lab.fault(&format!("{operation}=missing-members"));
    }
    assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=6 written=6");
    let table = lab.table().await;
    let lookup = Value::Map(insight_of(&table, RUN).clone()).at(&["detail", "start", "lookup"]).cloned();
    let names: Vec<Text> = lookup.unwrap().as_map().unwrap().keys().cloned().collect();
    assert_eq!(names, ["event_id", "event_time"]);
}

#[tokio::test]
async fn a_run_with_failed_writes_is_partial_and_the_next_run_completes_the_data() {
    let undisturbed = Lab::new(STORY).await;
    run(&undisturbed, &[]).await;
    let undisturbed = undisturbed.table().await;
    for fault in [
        "PutItem=denied:1",
        "PutItem=denied:1@2",
        "PutItem=denied:1@5",
        "PutItem=throttle@7",
        "BatchGetItem=denied:1@2",
        "BatchGetItem=unprocessed:2",
        "UpdateItem=denied:1",
    ] {
        let lab = Lab::new(STORY).await;
        if fault.starts_with("BatchGetItem") {
            lab.put(earlier_run(cloudtrail::SOURCE, REGION)).await;
        }
        lab.fault(fault);
        let response = run(&lab, &[]).await;
        let expected = if fault.contains("unprocessed") { "ok" } else { "partial" };
        assert_eq!(response["status"], expected, "{fault}: {response}");
        for issue in response["targets"][0]["issues"].as_array().unwrap() {
            assert_eq!(issue["stage"], "write", "{fault}: {issue}");
        }
        lab.simulator.clear_faults();
        assert_eq!(run(&lab, &[]).await["status"], "ok", "{fault}");
        let differences = undisturbed.differences(&lab.table().await);
        assert!(differences.is_empty(), "after {fault}:\n{}", differences.join("\n"));
    }
}

#[test]
fn a_hanging_describe_trails_leaves_time_for_the_account() {
    paused(async {
        // The SDK has one retry budget per region and process.
        for (operation, issues, region) in
            [("DescribeTrails", 1, "ap-southeast-3"), ("GetInsightSelectors", 2, "ap-southeast-4")]
        {
            let lab = PausedLab::new(region, STORY).await;
            lab.fault(&format!("{operation}=hang"));
            let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
            let response = lab.invoke::<CloudtrailInsights>(CHECKS.variables, "{}", |context| {
                context.deadline = Some(deadline);
            });
            let response = response.await.unwrap();
            assert_eq!(
                (&response["status"], &response["not_reached"]),
                (&"partial".into(), &0.into()),
                "{response}"
            );
            assert_eq!(
                response["targets"][0]["issue_counts"],
                serde_json::json!({"Timeout": issues}),
                "{operation}"
            );
            let left = left(&lab.table().await);
            assert!(left.starts_with("insights 2 (1 open) chunks 2 "), "{operation}: {left}");
        }
    });
}

#[test]
fn an_endless_series_stops_after_twice_its_maximum_points() {
    paused(async {
        let lab = PausedLab::new("ap-southeast-5", STORY).await;
        lab.endless("ListInsightsMetricData", "NextToken", None);
        let response = lab.invoke::<CloudtrailInsights>(CHECKS.variables, "{}", |_| ()).await.unwrap();
        assert_eq!(response["status"], "partial");
        let issues = response["targets"][0]["issues"].as_array().unwrap();
        assert_eq!(issues.len(), 3, "one for each series: {issues:?}");
        for issue in issues {
            assert_eq!(
                (&issue["operation"], &issue["code"]),
                (&"ListInsightsMetricData".into(), &"Response.Malformed".into())
            );
            assert!(issue["message"].as_str().unwrap().contains("items, and there are more"), "{issue}");
        }
        let left = left(&lab.table().await);
        assert!(left.contains("chunks 0 series 3 trails 1 behind 3"), "{left}");
    });
}
