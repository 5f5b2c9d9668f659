//! The function binary and services with TLS: trusted certificates and the number of handshakes.

use insights_simulator::runtime_api::Outcome;
use insights_tests::tls::{Authority, Front, ONE_TARGET, assert_one_full_handshake};
use insights_tests::{Lab, Running, STORY};

const BINARY: &str = env!("CARGO_BIN_EXE_xray-insights");

async fn start(lab: &Lab, front: &Front, variables: &[(&str, &str)]) -> Running {
    let variables = [&[("AWS_ENDPOINT_URL", front.url.as_str()), ONE_TARGET], variables].concat();
    Running::start(BINARY, "xray-insights", lab, &variables).await
}

#[tokio::test]
async fn the_authority_of_the_environment_is_trusted() {
    let lab = Lab::in_real_time(STORY).await;
    let authority = Authority::new("the lab's");
    let front = Front::new(&lab, &authority).await;
    let file = authority.file();
    for (variable, path) in [
        ("SSL_CERT_FILE", file.as_path()),
        ("AWS_CA_BUNDLE", file.as_path()),
        ("SSL_CERT_DIR", authority.folder()),
    ] {
        let function = start(&lab, &front, &[(variable, path.to_str().unwrap())]).await;
        assert_eq!(function.response("{}").await["status"], "ok", "{variable}");
    }
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted_and_gets_no_request() {
    let lab = Lab::in_real_time(STORY).await;
    let mut front = Front::new(&lab, &Authority::new("the lab's")).await;
    lab.simulator.clear_log();
    let somebody = Authority::new("somebody else's");
    let file = somebody.file();
    for variables in [vec![], vec![("SSL_CERT_FILE", file.to_str().unwrap())]] {
        let function = start(&lab, &front, &variables).await;
        // It would retry for half a minute; the first error is enough.
        let refusal = tokio::select! {
            outcome = function.invoke("{}") => panic!("{variables:?}: {outcome:?}"),
            refusal = front.refusals.recv() => refusal.unwrap(),
        };
        assert!(refusal.contains("UnknownCA"), "{variables:?}: {refusal}");
        function.kill().await;
    }
    assert_eq!(front.handshakes(), (0, 0));
    assert!(lab.simulator.log().is_empty());
}

#[tokio::test]
async fn a_missing_certificate_file_fails_the_initialization_with_all_other_faults() {
    let lab = Lab::in_real_time(STORY).await;
    let wrong =
        [("SSL_CERT_FILE", "/nowhere/authority.pem"), ("AWS_USE_FIPS_ENDPOINT", "yes"), ("CONCURRENCY", "0")];
    let function = Running::start(BINARY, "xray-insights", &lab, &wrong).await;
    let Outcome::InitError { error_type, message } = function.invoke("{}").await else { panic!("no error") };
    assert_eq!(error_type, "Config.Invalid");
    for (name, value) in wrong {
        assert!(message.contains(&format!("{name} is {value}: must ")), "{name} not in {message}");
    }
}

/// This number of ended insights with one event each.
fn story(insights: usize) -> String {
    let insight = |number: usize| {
        format!(
            "[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\nstart = \"-70m\"\nend = \"-60m\"\n\
             root_cause = \"checkout\"\nevents = [{{ time = \"-65m\", summary = \"Faults in checkout\" }}]\n"
        )
    };
    let group = "[xray]\ngroups = [{ name = \"shop\", insights_enabled = true }]\n";
    group.to_owned() + &(0..insights).map(insight).collect::<String>()
}

#[tokio::test]
async fn each_endpoint_has_one_full_handshake_in_the_first_invocation_and_none_in_a_warm_one() {
    // Three calls for each insight and its records.
    assert_one_full_handshake(BINARY, "xray-insights", &story(40), 3 * 40).await;
}
