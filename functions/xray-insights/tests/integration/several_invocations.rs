//! A large account is completed by several invocations.

use insights_tests::{Lab, NOW, at, invoke_until_done};
use std::time::Duration;
use xray_insights::XrayInsights;

#[tokio::test]
async fn a_large_account_is_completed_by_several_invocations() {
    let lab = Lab::built_in().await;
    // Twelve insights, of which two seconds allow at most four, even on a slow machine.
    lab.fault("GetInsight=slow-0.5");
    let one_at_a_time = [("CONCURRENCY", "1")];
    let responses =
        invoke_until_done::<XrayInsights>(&lab, &one_at_a_time, Duration::from_millis(2_500)).await;
    assert!(responses.len() >= 3, "that was not several: {}", responses.len());
    let undisturbed = Lab::anchored(None, at(NOW), lab.now()).await;
    undisturbed.function::<XrayInsights>(&[]).invoke("{}").await.unwrap();
    lab.table().await.assert_same_content(&undisturbed.table().await);
}
