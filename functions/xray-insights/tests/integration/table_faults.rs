//! Failures of the table: records that cannot be stored are reported, and do not count as stored.

use super::{ONE_AT_A_TIME, calls, counts, run, run_with, story, undisturbed};
use insights_sources::xray;
use insights_tests::faults::{DONE, Exception, Expected, earlier_run};
use insights_tests::{Lab, REGION, STORY};

#[tokio::test]
async fn without_the_table_a_run_ends_before_any_call() {
    let lab = story().await;
    let error = run_with(&lab, &[("TABLE_NAME", "nowhere")], "{}").await.unwrap_err();
    assert_eq!(error.error_type, "Table.Unavailable");
    assert!(error.message.contains("dynamodb BatchGetItem: ResourceNotFoundException"), "{error}");
    assert_eq!(calls(&lab), [0; 5]);
}

/// The effect of each table operation that fails at every call, or at every call after the first. There are twelve
/// records: three insights, six events, three graphs.
pub const OPERATIONS: [Expected; 5] = [
    // A run reads the state first, and calls X-Ray only if this succeeds.
    Expected {
        operation: "BatchGetItem",
        status: "failed",
        issues: 0,
        left: "insights 0+0 events 0 graphs 0 watermark - run 0 state -",
    },
    // Insights that cannot be compared are not requested: three insights.
    Expected {
        operation: "BatchGetItem@1",
        status: "failed",
        issues: 3,
        left: "insights 0+0 events 0 graphs 0 watermark - run 1 state failed",
    },
    // Stored open insights cannot be listed.
    Expected {
        operation: "Query",
        status: "partial",
        issues: 1,
        left: "insights 3+0 events 6 graphs 3 watermark - run 1 state partial",
    },
    // Twelve records and the run.
    Expected {
        operation: "PutItem",
        status: "failed",
        issues: 13,
        left: "insights 0+0 events 0 graphs 0 watermark - run 0 state failed",
    },
    // The state.
    Expected {
        operation: "UpdateItem",
        status: "partial",
        issues: 1,
        left: "insights 3+0 events 6 graphs 3 watermark - run 1 state -",
    },
];

/// The same if the table carries out the call but its response is lost: everything is reported as failed, but stored.
pub const EXCEPTIONS: [Exception; 2] = [
    (
        &DONE,
        Expected { left: "insights 0+3 events 6 graphs 3 watermark - run 1 state failed", ..OPERATIONS[3] },
    ),
    (
        &DONE,
        Expected {
            left: "insights 3+0 events 6 graphs 3 watermark 2026-03-01T12:00:00.000Z run 1 state ok",
            ..OPERATIONS[4]
        },
    ),
];

#[tokio::test]
async fn one_record_that_cannot_be_put_does_not_affect_others_and_is_put_by_the_next_run() {
    // Without inserts: two events and the graph for each of three insights, then the insights.
    for skip in 0..12 {
        let lab = story().await;
        lab.fault(&format!("PutItem=denied:1@{skip}"));
        lab.fault("BatchExecuteStatement=denied");
        let response = run(&lab).await;
        assert_eq!(response["status"], "partial", "{skip}");
        assert_eq!(counts(&response), [12, 11, 0, 0, 0, 1, 0], "{skip}");
        let issues = response["targets"][0]["issues"].as_array().unwrap();
        assert_eq!((issues.len(), &issues[0]["stage"]), (1, &"write".into()), "{skip}");
        lab.advance(60);
        run(&lab).await;
        assert_eq!(calls(&lab)[2], 1, "{skip}: the one that was not whole");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn insights_that_cannot_be_compared_with_the_table_count_as_failed() {
    let lab = story().await;
    lab.put(earlier_run(xray::SOURCE, REGION)).await;
    // First the state is read, then each page of summaries.
    lab.fault("BatchGetItem=denied@1");
    let error = run_with(&lab, &[ONE_AT_A_TIME], "{}").await.unwrap_err();
    assert_eq!(error.error_type, "Table.Unavailable", "{error}");
    assert_eq!(calls(&lab)[2], 0);
    lab.simulator.clear_faults();
    lab.fault("BatchGetItem=denied:1@1");
    let response = run(&lab).await;
    assert_eq!((&response["status"], &response["failed"]), (&"partial".into(), &1.into()));
}

#[tokio::test]
async fn failures_of_state_run_or_index_are_issues_of_the_target() {
    for (fault, subject) in
        // Each of three pages has one insight, which is put; events and graphs are inserted.
        [("UpdateItem=denied", "state"), ("PutItem=denied:1@3", "run"), ("Query=denied", "open")]
    {
        let lab = Lab::new(STORY).await;
        lab.fault(fault);
        let response = run(&lab).await;
        assert_eq!(response["status"], "partial", "{fault}");
        assert_eq!(counts(&response)[..2], [12, 12], "{fault}");
        assert_eq!(response["targets"][0]["issues"][0]["subject"], subject, "{fault}");
        assert_eq!(response["targets"][0]["issues"][0]["code"], "AccessDeniedException", "{fault}");
    }
}

#[tokio::test]
async fn puts_with_lost_answers_are_stored() {
    let lab = story().await;
    lab.fault("PutItem=lost-answer:3");
    lab.fault("BatchExecuteStatement=denied");
    let response = run(&lab).await;
    assert_eq!(response["failed"], 1, "three tries, each of them stored: {response}");
    lab.advance(60);
    run(&lab).await;
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}
