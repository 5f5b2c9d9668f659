//! Every fault of every operation: what is stored, what is reported, and with which code.

use super::{run_with, story, table_faults};
use eks_insights::EksInsights;
use insights_tests::faults::{self, Expected, FaultChecks};
use insights_tests::{Table, fault_tests};
use std::marker::PhantomData;

/// Two clusters with two checks each, of which three do not pass; one on a page.
const SCENARIO: &str = r#"
[eks]
page_size = 1

[[eks.clusters]]
name = "prod"
[[eks.clusters.insights]]
id = "a"
name = "Kubelet version skew"
category = "UPGRADE_READINESS"
kubernetes_version = "1.32"
status = "ERROR"
since = "-3d"
[[eks.clusters.insights]]
id = "b"
name = "kube-proxy version skew"
category = "UPGRADE_READINESS"
kubernetes_version = "1.32"
status = "PASSING"
since = "-9d"

[[eks.clusters]]
name = "test"
[[eks.clusters.insights]]
id = "c"
name = "Kubelet version skew"
category = "UPGRADE_READINESS"
kubernetes_version = "1.32"
status = "WARNING"
since = "-3d"
[[eks.clusters.insights]]
id = "d"
name = "Cluster health issues"
category = "MISCONFIGURATION"
status = "UNKNOWN"
since = "-3d"
"#;

/// The scenario of these tests, and the contents of its table: insights, events, rows, the watermark, `run` and the status in
/// `state`.
pub const CHECKS: FaultChecks<EksInsights> = FaultChecks {
    scenario: SCENARIO,
    variables: &[],
    left,
    throttled: "ThrottlingException",
    internal: "ServerException",
    operations: &OPERATIONS,
    exceptions: &[],
    without_lists: &[],
    repeated_tokens: &[
        // Two clusters, one on a page: the second page has the token of the first.
        Expected {
            status: "partial",
            left: "insights 3 events 3 rows 2 watermark - run 1 state partial",
            ..OPERATIONS[0]
        },
        // What came before it does not show what is missing, so that there are no rows.
        Expected {
            status: "partial",
            left: "insights 3 events 3 rows 0 watermark - run 1 state partial",
            ..OPERATIONS[1]
        },
    ],
    paged: &["ListClusters", "ListInsights"],
    table_operations: &table_faults::OPERATIONS,
    table_exceptions: &table_faults::EXCEPTIONS,
    collector: PhantomData,
};

fault_tests!(CHECKS);

fn left(table: &Table) -> String {
    let state = table.of_kind("state").first().copied();
    format!(
        "insights {} events {} rows {} watermark {} run {} state {}",
        table.of_kind("eks.insight").len(),
        table.of_kind("eks.insight_event").len(),
        table.of_kind("catalog").len(),
        faults::text(state, "watermark").get(..16).unwrap_or("-"),
        table.of_kind("run").len(),
        faults::text(state, "last_status"),
    )
}

/// What each operation costs that fails at every call. There are two clusters, and three checks that do not pass.
const OPERATIONS: [Expected; 3] = [
    Expected {
        operation: "ListClusters",
        status: "failed",
        issues: 1,
        left: "insights 0 events 0 rows 0 watermark - run 1 state failed",
    },
    Expected {
        operation: "ListInsights",
        status: "failed",
        issues: 2,
        left: "insights 0 events 0 rows 0 watermark - run 1 state failed",
    },
    // The listings say what the rows say.
    Expected {
        operation: "DescribeInsight",
        status: "failed",
        issues: 3,
        left: "insights 0 events 0 rows 2 watermark - run 1 state failed",
    },
];

#[tokio::test]
async fn an_invocation_with_only_denials_is_denied_and_with_only_throttling_is_throttled() {
    for (kind, error_type) in [("denied", "Source.Denied"), ("throttle", "Source.Throttled")] {
        let lab = story().await;
        lab.fault(&format!("eks:*={kind}"));
        let error = run_with(&lab, &[], "{}").await.unwrap_err();
        assert_eq!(error.error_type, error_type);
        assert!(error.message.contains("123456789012/eu-west-1: ListClusters clusters:"), "{error}");
    }
}
