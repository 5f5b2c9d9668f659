//! Services with TLS: certificates of a test authority, and counts of handshakes.

use crate::{Lab, Running};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};

/// A single target, so that requests go to only one region.
pub const ONE_TARGET: (&str, &str) =
    ("TARGETS", r#"[{"account_id":"123456789012","regions":["eu-west-1"]}]"#);

/// The default number of concurrent calls, and the number of tickets per handshake. Servers send one or two; the test checks
/// that they are used.
const AT_ONCE: usize = 8;

/// A test authority with its certificate as a file.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// Creates an authority called `name`.
    ///
    /// # Panics
    ///
    /// If the certificate cannot be stored.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"))
            .expect("a certificate of itself");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("authority.pem"), issuer.pem()).expect("a file in the folder");
        Self { issuer, folder }
    }

    /// The file with its certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The folder of that file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration of a server with the name `localhost` and its address.
    fn server(&self) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let params =
            CertificateParams::new(["localhost", "127.0.0.1"].map(str::to_owned)).expect("names of a server");
        let certificate =
            params.signed_by(&key, &self.issuer).expect("a certificate by the authority").der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder =
            builder.with_safe_default_protocol_versions().expect("versions of TLS").with_no_client_auth();
        let mut server =
            builder.with_single_cert(vec![certificate], key).expect("the key of the certificate");
        server.send_tls13_tickets = AT_ONCE;
        server
    }
}

/// A lab behind TLS.
#[derive(Debug)]
pub struct Front {
    /// Its address by name.
    pub url: String,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
    /// The errors of failed handshakes.
    pub refusals: UnboundedReceiver<String>,
}

impl Front {
    /// Forwards TLS connections to `lab`, with a certificate of `authority`.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn new(lab: &Lab, authority: &Authority) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
        let behind = lab.simulator.url().strip_prefix("http://").expect("a simulator over HTTP").to_owned();
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
                    noted
                        .lock()
                        .expect("no panic while locked")
                        .push(outside.get_ref().1.handshake_kind().expect("a handshake that is over"));
                    let mut inside = TcpStream::connect(behind).await.expect("the simulator");
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self { url, handshakes, refusals }
    }

    /// The number of full and of resumed handshakes.
    ///
    /// # Panics
    ///
    /// If a handshake panicked.
    pub fn handshakes(&self) -> (usize, usize) {
        let handshakes = self.handshakes.lock().expect("no panic while locked");
        let resumed = handshakes.iter().filter(|kind| **kind == HandshakeKind::Resumed).count();
        (handshakes.len() - resumed, resumed)
    }
}

/// Invokes `binary`, the function `name`, twice with `story` and its default configuration. Answers take longer than
/// the interval of the rate limits, so that calls overlap. The first invocation must send at least `requests`.
///
/// # Panics
///
/// If there is not exactly one full handshake per endpoint, or another one in the second invocation.
pub async fn assert_one_full_handshake(binary: &str, name: &str, story: &str, requests: usize) {
    let lab = Lab::in_real_time(story).await;
    lab.fault("*=slow-0.3");
    let authority = Authority::new("the lab's");
    let (service, table) = (Front::new(&lab, &authority).await, Front::new(&lab, &authority).await);
    // Tickets are stored by server name, and are not valid for another server.
    let table_url = table.url.replace("localhost", "127.0.0.1");
    let file = authority.file();
    let variables = [
        ("SSL_CERT_FILE", file.to_str().expect("a path in UTF-8")),
        ("AWS_ENDPOINT_URL", service.url.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", table_url.as_str()),
        ("RATE_LIMITS", "{}"),
        ONE_TARGET,
    ];
    let function = Running::start(binary, name, &lab, &variables).await;
    lab.simulator.clear_log();
    let mut known = [0, 0];
    for invocation in ["first", "warm"] {
        assert_eq!(function.response("{}").await["status"], "ok", "{invocation}");
        let handshakes = [service.handshakes(), table.handshakes()];
        for (endpoint, (full, resumed), known) in
            [("service", handshakes[0], known[0]), ("table", handshakes[1], known[1])]
        {
            assert_eq!(
                full, 1,
                "full handshakes with the {endpoint} by the end of the {invocation} invocation"
            );
            // A request can start to connect at the moment when another connection becomes free.
            let new = full + resumed - known;
            assert!(new <= 2 * AT_ONCE, "{new} connections to the {endpoint} in the {invocation} invocation");
        }
        known = handshakes.map(|(full, resumed)| full + resumed);
        if invocation == "first" {
            let sent = lab.simulator.log().len();
            assert!(sent >= requests, "{sent} requests");
            let (_, resumed) = handshakes[0];
            assert!(resumed > 0, "several calls at once have several connections");
        }
    }
    function.kill().await;
}
