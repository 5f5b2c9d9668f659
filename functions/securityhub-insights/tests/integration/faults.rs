//! The collector while operations of the service and of the table fail: what is stored, and what is reported.

use crate::support::{BUCKETS, KEYS, MANAGED, ONE_AT_A_TIME, SCENARIO, WITH_MANAGED, issues, stored};
use insights_tests::faults::{self, DONE, Exception, Expected, FaultChecks};
use insights_tests::response::counts;
use insights_tests::{Lab, PausedLab, Table, fault_tests, paused};
use securityhub_insights::SecurityhubInsights;
use std::marker::PhantomData;

/// The scenario of these tests, and the contents of its table: snapshots, the watermark, `run` and the status in `state`.
const CHECKS: FaultChecks<SecurityhubInsights> = FaultChecks {
    scenario: SCENARIO,
    variables: &[WITH_MANAGED],
    left,
    throttled: "LimitExceededException",
    internal: "InternalException",
    operations: &OPERATIONS,
    exceptions: &[],
    without_lists: &[],
    repeated_tokens: &[Expected {
        // The token of the custom insights, and that of the managed insights.
        operation: "GetInsights",
        status: "partial",
        issues: 2,
        left: "snapshots 3 watermark - run 1 state partial",
    }],
    paged: &["GetInsights"],
    table_operations: &TABLE_OPERATIONS,
    table_exceptions: &TABLE_EXCEPTIONS,
    collector: PhantomData,
};

fault_tests!(CHECKS);

fn left(table: &Table) -> String {
    let kinds = table.kinds();
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
    let state = table.of_kind("state").first().copied();
    let watermark = faults::text(state, "watermark").get(..16).unwrap_or("-");
    let status = faults::text(state, "last_status");
    format!("snapshots {} watermark {watermark} run {} state {status}", of("securityhub.insight"), of("run"))
}

/// What is left if an operation fails at every call: two listings, and the results of three insights.
const OPERATIONS: [Expected; 2] = [
    Expected {
        operation: "GetInsights",
        status: "failed",
        issues: 2,
        left: "snapshots 0 watermark - run 1 state failed",
    },
    Expected {
        operation: "GetInsightResults",
        status: "failed",
        issues: 3,
        left: "snapshots 0 watermark - run 1 state failed",
    },
];

/// What is left if an operation of the table fails at every call, or at every one after the first.
const TABLE_OPERATIONS: [Expected; 4] = [
    // The state is what a run reads first, and Security Hub is not called without it.
    Expected {
        operation: "BatchGetItem",
        status: "failed",
        issues: 0,
        left: "snapshots 0 watermark - run 0 state -",
    },
    // Three snapshots cannot be compared.
    Expected {
        operation: "BatchGetItem@1",
        status: "failed",
        issues: 3,
        left: "snapshots 0 watermark - run 1 state failed",
    },
    // Three snapshots, and the run.
    Expected {
        operation: "PutItem",
        status: "failed",
        issues: 3 + 1,
        left: "snapshots 0 watermark - run 0 state failed",
    },
    Expected {
        operation: "UpdateItem",
        status: "partial",
        issues: 1,
        left: "snapshots 3 watermark - run 1 state -",
    },
];

/// The same if the table does it and the response is lost.
const TABLE_EXCEPTIONS: [Exception; 2] = [
    (&DONE, Expected { left: "snapshots 3 watermark - run 1 state failed", ..TABLE_OPERATIONS[2] }),
    (
        &DONE,
        Expected { left: "snapshots 3 watermark 2026-03-01T12:00 run 1 state ok", ..TABLE_OPERATIONS[3] },
    ),
];

#[test]
fn after_a_failed_second_page_the_insights_of_the_first_page_are_stored() {
    // The second page of custom insights, and the managed insight.
    const FROM_SECOND_PAGE: FaultChecks<SecurityhubInsights> = FaultChecks {
        operations: &[Expected {
            operation: "GetInsights@1",
            status: "partial",
            issues: 2,
            left: "snapshots 1 watermark - run 1 state partial",
        }],
        ..CHECKS
    };
    paused(FROM_SECOND_PAGE.check_operations());
}

#[tokio::test]
async fn one_insight_that_fails_does_not_affect_the_others() {
    let lab = Lab::new(SCENARIO).await;
    lab.fault("GetInsightResults=denied:1");
    let function = lab.function::<SecurityhubInsights>(&[ONE_AT_A_TIME, WITH_MANAGED]);
    let response = function.invoke("{}").await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&"partial".into(), [2, 2, 0, 0, 0, 0, 0]));
    assert_eq!(issues(&response), [("GetInsightResults", MANAGED, "AccessDeniedException")]);
    let ids: Vec<String> = stored(&lab.table().await).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [BUCKETS, KEYS]);
}

#[tokio::test]
async fn a_denial_is_distinguished_from_an_account_that_is_not_subscribed() {
    for (fault, error_type) in [
        ("securityhub:*=denied", "Source.Denied"),
        ("securityhub:*=throttle", "Source.Throttled"),
        ("securityhub:*=error500", "Source.Unavailable"),
    ] {
        let lab = Lab::new(SCENARIO).await;
        lab.fault(fault);
        let error = lab.function::<SecurityhubInsights>(&[]).invoke("{}").await.unwrap_err();
        assert_eq!(error.error_type, error_type, "{fault}: {error}");
    }
}

#[tokio::test]
async fn missing_optional_members_and_unknown_values_of_enumerations_are_stored_as_they_are() {
    for fault in ["securityhub:*=missing-members", "securityhub:*=unknown-enum"] {
        let lab = Lab::new(SCENARIO).await;
        lab.fault(fault);
        let function = lab.function::<SecurityhubInsights>(&[ONE_AT_A_TIME, WITH_MANAGED]);
        let response = function.invoke("{}").await.unwrap();
        assert_eq!(
            (&response["status"], counts(&response)),
            (&"ok".into(), [3, 3, 0, 0, 0, 0, 0]),
            "{fault}"
        );
    }
}

#[test]
fn an_endless_listing_stops_and_its_insights_are_stored() {
    paused(async {
        let lab = PausedLab::new("us-east-2", SCENARIO).await;
        lab.endless("/insights/get", "NextToken", None);
        let response = lab.invoke::<SecurityhubInsights>(&[], "{}", |_| ()).await.unwrap();
        assert_eq!(lab.endless_pages(), 2_000);
        assert_eq!(response["status"], "partial");
        let issues = response["targets"][0]["issues"].as_array().unwrap();
        assert_eq!((issues.len(), &issues[0]["code"]), (1, &"Response.Malformed".into()), "{issues:?}");
        assert_eq!(lab.table().await.of_kind("securityhub.insight").len(), 1);
    });
}
