//! An account too large for one invocation is finished by several.

use insights_tests::{Lab, NOW, at, invoke_until_done};
use std::time::Duration;
use xray_insights::XrayInsights;

#[tokio::test]
async fn an_account_too_large_for_one_invocation_is_finished_by_several() {
    let lab = Lab::built_in().await;
    // Twelve insights, of which the two seconds that there are allow four at the most, also where the machine is slow.
    lab.fault("GetInsight=slow-0.5");
    let one_at_a_time = [("CONCURRENCY", "1")];
    let responses =
        invoke_until_done::<XrayInsights>(&lab, &one_at_a_time, Duration::from_millis(2_500)).await;
    assert!(responses.len() >= 3, "that was not several: {}", responses.len());
    let undisturbed = Lab::told(None, at(NOW), lab.now()).await;
    undisturbed.function::<XrayInsights>(&[]).invoke("{}").await.unwrap();
    lab.table().await.assert_same_content(&undisturbed.table().await);
}
