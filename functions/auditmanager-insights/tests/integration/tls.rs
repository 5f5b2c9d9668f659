//! The shipped binary and services that speak TLS.

use insights_tests::tls::assert_one_full_handshake;

/// So many assessments of five domains with ten controls each.
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
async fn a_first_invocation_shakes_hands_in_full_once_at_each_endpoint_and_a_warm_one_goes_on_with_that() {
    let binary = env!("CARGO_BIN_EXE_auditmanager-insights");
    assert_one_full_handshake(binary, "auditmanager-insights", &story(3), 30).await;
}
