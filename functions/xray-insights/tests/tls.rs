//! The shipped binary and services that speak TLS: whose certificates it believes, and how often it shakes hands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and says how far it came"
)]

use insights_simulator::runtime_api::Outcome;
use insights_tests::{Lab, Running, STORY};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};

/// One target, so that nothing is asked in two regions at once.
const ONE_TARGET: (&str, &str) = ("TARGETS", r#"[{"account_id":"123456789012","regions":["eu-west-1"]}]"#);

/// An authority of its own, and its certificate as a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("authority.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The configuration of a server called `localhost`.
    fn server(&self) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        builder.with_single_cert(vec![certificate], key).unwrap()
    }
}

/// A lab behind TLS.
struct Front {
    url: String,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
    /// Why handshakes came to nothing.
    refusals: UnboundedReceiver<String>,
}

impl Front {
    /// Passes on to `lab` what comes in by TLS, with a certificate of `authority`.
    async fn new(lab: &Lab, authority: &Authority) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let behind = lab.simulator.url().strip_prefix("http://").unwrap().to_owned();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server()));
        let handshakes: Arc<Mutex<Vec<HandshakeKind>>> = Arc::default();
        let noted = Arc::clone(&handshakes);
        let (refused, refusals) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, noted, behind) = (acceptor.clone(), Arc::clone(&noted), behind.clone());
                let refused = refused.clone();
                tokio::spawn(async move {
                    let mut outside = match acceptor.accept(stream).await {
                        Ok(outside) => outside,
                        Err(error) => return drop(refused.send(error.to_string())),
                    };
                    noted.lock().unwrap().push(outside.get_ref().1.handshake_kind().unwrap());
                    let mut inside = TcpStream::connect(behind).await.unwrap();
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self { url, handshakes, refusals }
    }

    /// How many handshakes there were: full ones, and resumed ones.
    fn handshakes(&self) -> (usize, usize) {
        let handshakes = self.handshakes.lock().unwrap();
        let resumed = handshakes.iter().filter(|kind| **kind == HandshakeKind::Resumed).count();
        (handshakes.len() - resumed, resumed)
    }
}

async fn start(lab: &Lab, front: &Front, variables: &[(&str, &str)]) -> Running {
    let variables = [&[("AWS_ENDPOINT_URL", front.url.as_str()), ONE_TARGET], variables].concat();
    Running::start(env!("CARGO_BIN_EXE_xray-insights"), "xray-insights", lab, &variables).await
}

#[tokio::test]
async fn the_authority_that_the_environment_names_is_believed() {
    let lab = Lab::in_real_time(STORY).await;
    let authority = Authority::new("the lab's");
    let front = Front::new(&lab, &authority).await;
    let file = authority.file();
    for (variable, path) in [
        ("SSL_CERT_FILE", file.as_path()),
        ("AWS_CA_BUNDLE", file.as_path()),
        ("SSL_CERT_DIR", authority.folder.path()),
    ] {
        let function = start(&lab, &front, &[(variable, path.to_str().unwrap())]).await;
        assert_eq!(function.response("{}").await["status"], "ok", "{variable}");
    }
}

#[tokio::test]
async fn an_authority_that_nobody_names_is_not_believed_and_nothing_is_told_it() {
    let lab = Lab::in_real_time(STORY).await;
    let mut front = Front::new(&lab, &Authority::new("the lab's")).await;
    lab.simulator.clear_log();
    let somebody = Authority::new("somebody else's");
    let file = somebody.file();
    for variables in [vec![], vec![("SSL_CERT_FILE", file.to_str().unwrap())]] {
        let function = start(&lab, &front, &variables).await;
        // It would try again for half a minute: the first refusal is enough.
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
async fn a_file_of_certificates_that_is_not_there_fails_the_initialisation_beside_every_other_fault() {
    let lab = Lab::in_real_time(STORY).await;
    let wrong =
        [("SSL_CERT_FILE", "/nowhere/authority.pem"), ("AWS_USE_FIPS_ENDPOINT", "yes"), ("CONCURRENCY", "0")];
    let function = Running::start(env!("CARGO_BIN_EXE_xray-insights"), "xray-insights", &lab, &wrong).await;
    let Outcome::InitError { error_type, message } = function.invoke("{}").await else { panic!("no error") };
    assert_eq!(error_type, "Config.Invalid");
    for (name, value) in wrong {
        assert!(message.contains(&format!("{name} is {value}: must ")), "{name} not in {message}");
    }
}

#[tokio::test]
async fn a_first_invocation_shakes_hands_in_full_once_and_a_warm_one_goes_on_with_that_connection() {
    let lab = Lab::in_real_time(STORY).await;
    let authority = Authority::new("the lab's");
    let front = Front::new(&lab, &authority).await;
    let file = authority.file();
    // One call at a time, so that no two connections are made at once.
    let variables = [("SSL_CERT_FILE", file.to_str().unwrap()), ("CONCURRENCY", "1")];
    let function = start(&lab, &front, &variables).await;
    for invocation in ["first", "warm"] {
        lab.simulator.clear_log();
        assert_eq!(function.response("{}").await["status"], "ok", "{invocation}");
        let (full, resumed) = front.handshakes();
        assert_eq!(full, 1, "full handshakes after the {invocation} invocation");
        // A request may begin to connect in the moment in which the connection before it becomes free.
        let requests = lab.simulator.log().len();
        assert!(
            requests > 4 && resumed <= 1,
            "{invocation}: {requests} requests, {resumed} resumed handshakes"
        );
    }
}
