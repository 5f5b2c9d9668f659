//! The shipped binary and services that speak TLS.

use insights_tests::tls::assert_one_full_handshake;

/// So many clusters of one check that does not pass.
fn clusters(count: usize) -> String {
    let cluster = |number: usize| {
        format!(
            "[[eks.clusters]]\nname = \"cluster{number}\"\n[[eks.clusters.insights]]\nid = \"a\"\nname = \"a\"\n\
             category = \"MISCONFIGURATION\"\nstatus = \"ERROR\"\nsince = \"-9d\"\n"
        )
    };
    (0..count).map(cluster).collect()
}

#[tokio::test]
async fn each_endpoint_has_one_full_handshake_in_the_first_invocation_and_none_in_a_warm_one() {
    assert_one_full_handshake(env!("CARGO_BIN_EXE_eks-insights"), "eks-insights", &clusters(20), 30).await;
}
