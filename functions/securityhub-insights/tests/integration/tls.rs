//! The function's binary and services with TLS.

use insights_tests::tls::assert_one_full_handshake;

/// So many insights with two values each.
fn scenario(insights: usize) -> String {
    let insight = |number: usize| {
        format!(
            "[[securityhub.insights]]\nname = \"Insight {number}\"\ngroup_by = \"ResourceId\"\n\
             values = [{{ value = \"a\", count = {number} }}, {{ value = \"b\", count = 1 }}]\n"
        )
    };
    (0..insights).map(insight).collect()
}

#[tokio::test]
async fn each_endpoint_has_one_full_handshake_in_the_first_invocation_and_none_in_a_warm_one() {
    let binary = env!("CARGO_BIN_EXE_securityhub-insights");
    assert_one_full_handshake(binary, "securityhub-insights", &scenario(40), 30).await;
}
