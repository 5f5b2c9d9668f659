//! The function binary and services with TLS.

use insights_tests::tls::assert_one_full_handshake;

/// This number of assessments with five domains of ten controls each.
fn story(assessments: usize) -> String {
    let control = |number: usize| format!("{{ name = \"Control {number}\", compliant = {number} }}, ");
    let controls: String = (0..10).map(control).collect();
    let domain = |number: usize| {
        format!("[[auditmanager.assessments.domains]]\nname = \"Domain {number}\"\ncontrols = [{controls}]\n")
    };
    let domains: String = (0..5).map(domain).collect();
    let assessment =
        |number: usize| format!("[[auditmanager.assessments]]\nname = \"Assessment {number}\"\n{domains}");
    (0..assessments).map(assessment).collect()
}

#[tokio::test]
async fn each_endpoint_has_one_full_handshake_in_the_first_invocation_and_none_in_a_warm_one() {
    let binary = env!("CARGO_BIN_EXE_auditmanager-insights");
    assert_one_full_handshake(binary, "auditmanager-insights", &story(3), 30).await;
}
