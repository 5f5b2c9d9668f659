//! The table fails: what cannot be stored is said, and nothing is taken for stored.

use super::{ONE_AT_A_TIME, calls, counts, run, run_with, story, undisturbed};
use insights_tests::faults::{DONE, Exception, Expected};

#[tokio::test]
async fn without_its_table_a_run_ends_before_any_request() {
    let lab = story().await;
    let error = run_with(&lab, &[("TABLE_NAME", "nowhere")], "{}").await.unwrap_err();
    assert_eq!(error.error_type, "Table.Unavailable");
    assert_eq!(calls(&lab), [0; 3]);
}

/// What each operation of the table costs that fails at every call, or at every one after the first. There are six records: three
/// insights, each with one event; and two rows.
pub const OPERATIONS: [Expected; 5] = [
    // The state is what a run reads first, and EKS is not asked without it.
    Expected {
        operation: "BatchGetItem",
        status: "failed",
        issues: 0,
        left: "insights 0 events 0 rows 0 watermark - run 0 state -",
    },
    // What cannot be compared is not stored: three insights.
    Expected {
        operation: "BatchGetItem@1",
        status: "failed",
        issues: 3,
        left: "insights 0 events 0 rows 2 watermark - run 1 state failed",
    },
    // What is stored as open, and the rows, cannot be read; the rows are compared one by one.
    Expected {
        operation: "Query",
        status: "partial",
        issues: 2,
        left: "insights 3 events 3 rows 2 watermark - run 1 state partial",
    },
    // Three events, whose insights are not put then; two rows; and the run.
    Expected {
        operation: "PutItem",
        status: "failed",
        issues: 6,
        left: "insights 0 events 0 rows 0 watermark - run 0 state failed",
    },
    // The state itself.
    Expected {
        operation: "UpdateItem",
        status: "partial",
        issues: 1,
        left: "insights 3 events 3 rows 2 watermark - run 1 state -",
    },
];

/// The same where the table does it and nobody hears so: all is reported as failed, and there. Only the insights of the events are
/// not put.
pub const EXCEPTIONS: [Exception; 2] = [
    (&DONE, Expected { left: "insights 0 events 3 rows 2 watermark - run 1 state failed", ..OPERATIONS[3] }),
    (
        &DONE,
        Expected {
            left: "insights 3 events 3 rows 2 watermark 2026-03-01T12:00 run 1 state ok",
            ..OPERATIONS[4]
        },
    ),
];

#[tokio::test]
async fn one_item_that_cannot_be_put_does_not_affect_others_and_is_put_by_the_next_run() {
    // Where nothing may be inserted: of each cluster the event, the insight and the row. Without its event an insight is not put.
    for (skip, expected) in [
        (0, [4, 2, 0, 0, 0, 2, 0]),
        (1, [4, 3, 0, 0, 0, 1, 0]),
        (2, [4, 4, 0, 0, 0, 0, 0]),
        (3, [4, 2, 0, 0, 0, 2, 0]),
        (4, [4, 3, 0, 0, 0, 1, 0]),
        (5, [4, 4, 0, 0, 0, 0, 0]),
    ] {
        let lab = story().await;
        lab.fault(&format!("PutItem=denied:1@{skip}"));
        lab.fault("BatchExecuteStatement=denied");
        let response = run_with(&lab, &[ONE_AT_A_TIME], "{}").await.unwrap();
        assert_eq!((&response["status"], counts(&response)), (&"partial".into(), expected), "{skip}");
        let issues = response["targets"][0]["issues"].as_array().unwrap();
        assert_eq!((issues.len(), &issues[0]["stage"]), (1, &"write".into()), "{skip}");
        lab.simulator.clear_faults();
        lab.advance(60);
        run(&lab).await;
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}
