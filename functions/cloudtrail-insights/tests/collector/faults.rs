//! Every fault of every operation: what is stored, what is reported and under which code, and that a later run makes
//! good for it.

use crate::support::*;
use insights_tests::Function;
use std::time::Duration;

/// The operations, each with how many records come when it fails at every call.
const OPERATIONS: [(&str, u64); 5] = [
    ("DescribeTrails", 4),
    ("GetInsightSelectors", 4),
    ("ListInsightsData", 4),
    ("ListInsightsMetricData", 3),
    ("LookupEvents", 2),
];

/// The faults that give no answer, each with its code.
const NO_ANSWER: [(&str, &str); 9] = [
    ("throttle", "ThrottlingException"),
    ("error500", "InternalFailure"),
    ("html503", "Response.Malformed"),
    ("reset", "Connection"),
    ("lost-answer", "Connection"),
    ("truncate", "Response.Malformed"),
    ("denied", "AccessDeniedException"),
    ("expired", "ExpiredTokenException"),
    ("clock-skew", "InvalidSignatureException"),
];

async fn undisturbed() -> Table {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.table().await
}

/// One run under a fault that lasts, and one after it: the codes that the first one reports, and how many records it
/// stores; the second leaves what an undisturbed run leaves.
async fn check(undisturbed: &Table, fault: &str, code: &str, stored: u64) {
    let lab = Lab::new(STORY).await;
    lab.fault(fault);
    let response = run(&lab, &[]).await;
    assert_under(&response, fault, code, stored);
    lab.simulator.clear_faults();
    assert_eq!(run(&lab, &[]).await["status"], "ok", "after {fault}");
    let differences = undisturbed.differences(&lab.table().await);
    assert!(differences.is_empty(), "after {fault}:\n{}", differences.join("\n"));
}

fn assert_under(response: &Json, fault: &str, code: &str, stored: u64) {
    assert_eq!(
        (&response["status"], &response["written"]),
        (&"partial".into(), &stored.into()),
        "{fault}: {response}"
    );
    let codes: Vec<&String> = response["targets"][0]["issue_counts"].as_object().unwrap().keys().collect();
    assert_eq!(codes, [code], "{fault}: {response}");
    let operation = fault.split('=').next().unwrap();
    for issue in response["targets"][0]["issues"].as_array().unwrap() {
        assert_eq!((&issue["operation"], &issue["stage"]), (&operation.into(), &"fetch".into()), "{issue}");
        let lasting =
            ["AccessDeniedException", "ExpiredTokenException", "InvalidSignatureException"].contains(&code);
        if code != "Response.Malformed" {
            assert_eq!(issue["retryable"], !lasting, "{issue}");
        }
    }
}

#[tokio::test]
async fn an_operation_that_gives_no_answer_is_an_issue_under_its_own_code_and_costs_no_other() {
    let undisturbed = undisturbed().await;
    for (operation, stored) in OPERATIONS {
        for (fault, code) in NO_ANSWER {
            check(&undisturbed, &format!("{operation}={fault}"), code, stored).await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_malformed_and_is_asked_for_again() {
    let undisturbed = undisturbed().await;
    for (operation, stored) in OPERATIONS {
        check(&undisturbed, &format!("{operation}=wrong-type"), "Response.Malformed", stored).await;
    }
    for (operation, stored) in OPERATIONS {
        check(&undisturbed, &format!("{operation}=null-in-list"), "Response.Malformed", stored).await;
    }
}

#[tokio::test]
async fn an_operation_that_never_answers_is_a_timeout() {
    let undisturbed = undisturbed().await;
    for (operation, stored) in OPERATIONS {
        let lab = Lab::new(STORY).await;
        lab.fault(&format!("{operation}=hang"));
        let sdk = lab.sdk_with_timeouts(Duration::from_millis(60), Duration::from_millis(150));
        let hurried: Function<CloudtrailInsights> =
            lab.function_with(sdk, &[("LOOKBACK_DAYS", "3")]).unwrap();
        let response = hurried.invoke("{}").await.unwrap();
        assert_under(&response, &format!("{operation}=hang"), "Timeout", stored);
        lab.simulator.clear_faults();
        assert_eq!(run(&lab, &[]).await["status"], "ok");
        undisturbed.assert_same_content(&lab.table().await);
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_retried_and_leaves_no_trace() {
    let undisturbed = undisturbed().await;
    for fault in ["throttle", "error500", "html503", "reset", "lost-answer"] {
        let lab = Lab::new(STORY).await;
        for (operation, _) in OPERATIONS {
            lab.fault(&format!("{operation}={fault}:1"));
        }
        for operation in ["BatchGetItem", "PutItem", "UpdateItem", "Query"] {
            let fault = if fault == "html503" { "error500" } else { fault };
            lab.fault(&format!("{operation}={fault}:1"));
        }
        let response = run(&lab, &[]).await;
        assert_eq!(
            (&response["status"], &response["fetched"]),
            (&"ok".into(), &6.into()),
            "{fault}: {response}"
        );
        undisturbed.assert_same_content(&lab.table().await);
    }
}

#[tokio::test]
async fn a_repeated_token_is_an_issue_and_what_came_before_it_is_stored() {
    let undisturbed = undisturbed().await;
    for (operation, stored) in [("LookupEvents", 6), ("ListInsightsData", 6), ("ListInsightsMetricData", 3)] {
        check_repeated(&undisturbed, operation, stored).await;
    }
}

async fn check_repeated(undisturbed: &Table, operation: &str, stored: u64) {
    let lab = Lab::new(STORY).await;
    lab.fault(&format!("{operation}=repeat-token"));
    let response = run(&lab, &[]).await;
    assert_eq!(response["status"], "partial", "{operation}: {response}");
    assert_eq!(
        response["targets"][0]["issue_counts"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Token.Repeated"]
    );
    assert!(response["written"].as_u64().unwrap() <= stored, "{operation}: {response}");
    // What is incomplete does not count as reached.
    if operation == "LookupEvents" {
        assert_eq!(watermark(&lab.table().await), "-");
    }
    lab.simulator.clear_faults();
    assert_eq!(run(&lab, &[]).await["status"], "ok", "{operation}");
    undisturbed.assert_same_content(&lab.table().await);
}

#[tokio::test]
async fn an_empty_page_with_a_token_is_not_the_end() {
    let undisturbed = undisturbed().await;
    for operation in ["LookupEvents", "ListInsightsData", "ListInsightsMetricData"] {
        let lab = Lab::new(STORY).await;
        lab.fault(&format!("{operation}=empty-page:1"));
        assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=6 written=6", "{operation}");
        undisturbed.assert_same_content(&lab.table().await);
    }
}

#[tokio::test]
async fn every_page_of_a_look_up_is_asked_for() {
    let mut told = String::new();
    for index in 0..120 {
        let further = format!(
            "[[cloudtrail.insights]]\nid = \"i{index}\"\nevent_source = \"ec2.amazonaws.com\"\nevent_name = \"RunInstances\"\n\
             insight_type = \"ApiCallRateInsight\"\nstart = \"-{}m\"\naverage = 1\n",
            index + 1
        );
        told += &further;
    }
    let lab = Lab::new(&story(&told)).await;
    // The second of the pages that hold them fails at first: what came on the first page is stored all the same.
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
async fn an_unknown_value_is_stored_verbatim_and_costs_only_its_series() {
    let lab = Lab::new(STORY).await;
    lab.fault("LookupEvents=unknown-enum");
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "partial fetched=4 written=4");
    let invalid =
        |name: &str| format!("fetch ListInsightsMetricData {name}#SOMETHING_NEW#-#- Request.Invalid");
    assert_eq!(
        issues(&response),
        [invalid("ec2.amazonaws.com#RunInstances"), invalid("sqs.amazonaws.com#DeleteQueue")]
    );
    let stored = Value::Map(insight_of(&lab.table().await, RUN).clone());
    let path = ["detail", "start", "insight_details", "insight_type"];
    assert_eq!(stored.at(&path), Some(&"SOMETHING_NEW".into()));
    // A category of insight selectors that is not known is none on data events.
    let lab = Lab::new(STORY).await;
    lab.fault("GetInsightSelectors=unknown-enum");
    assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=4 written=4");
}

#[tokio::test]
async fn members_that_are_missing_from_an_answer_are_missing_from_the_record() {
    let lab = Lab::new(STORY).await;
    for operation in ["LookupEvents", "ListInsightsData", "ListInsightsMetricData", "DescribeTrails"] {
        lab.fault(&format!("{operation}=missing-members"));
    }
    assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=6 written=6");
    let table = lab.table().await;
    let lookup = Value::Map(insight_of(&table, RUN).clone()).at(&["detail", "start", "lookup"]).cloned();
    let names: Vec<String> = lookup.unwrap().as_map().unwrap().keys().cloned().collect();
    assert_eq!(names, ["event_id", "event_time"]);
}

#[tokio::test]
async fn a_table_that_refuses_some_writes_is_partial_and_made_good_for() {
    let undisturbed = undisturbed().await;
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
