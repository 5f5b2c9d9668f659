//! Services that speak TLS: certificates of an authority that nobody else believes, and how hands were shaken.

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

/// One target, so that nothing is asked in two regions at once.
pub const ONE_TARGET: (&str, &str) =
    ("TARGETS", r#"[{"account_id":"123456789012","regions":["eu-west-1"]}]"#);

/// Calls under way at once, by default, at each of two endpoints.
const AT_ONCE: usize = 8;

/// An authority of its own, and its certificate as a file.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// An authority called `name`.
    ///
    /// # Panics
    ///
    /// If there is no place for its certificate.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a sound lab"))
            .expect("a sound lab");
        let folder = tempfile::tempdir().expect("a sound lab");
        std::fs::write(folder.path().join("authority.pem"), issuer.pem()).expect("a sound lab");
        Self { issuer, folder }
    }

    /// The file of its certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The folder of that file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration of a server called `localhost`, or by its address.
    fn server(&self) -> ServerConfig {
        let key = KeyPair::generate().expect("a sound lab");
        let params =
            CertificateParams::new(["localhost", "127.0.0.1"].map(str::to_owned)).expect("a sound lab");
        let certificate = params.signed_by(&key, &self.issuer).expect("a sound lab").der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder =
            builder.with_safe_default_protocol_versions().expect("a sound lab").with_no_client_auth();
        builder.with_single_cert(vec![certificate], key).expect("a sound lab")
    }
}

/// A lab behind TLS.
#[derive(Debug)]
pub struct Front {
    /// Where it is, by name.
    pub url: String,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
    /// Why handshakes came to nothing.
    pub refusals: UnboundedReceiver<String>,
}

impl Front {
    /// Passes on to `lab` what comes in by TLS, with a certificate of `authority`.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn new(lab: &Lab, authority: &Authority) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a sound lab");
        let url = format!("https://localhost:{}", listener.local_addr().expect("a sound lab").port());
        let behind = lab.simulator.url().strip_prefix("http://").expect("a sound lab").to_owned();
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
                        .expect("a sound lab")
                        .push(outside.get_ref().1.handshake_kind().expect("a sound lab"));
                    let mut inside = TcpStream::connect(behind).await.expect("a sound lab");
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self { url, handshakes, refusals }
    }

    /// How many handshakes there were: full ones, and resumed ones.
    ///
    /// # Panics
    ///
    /// If a handshake panicked.
    pub fn handshakes(&self) -> (usize, usize) {
        let handshakes = self.handshakes.lock().expect("a sound lab");
        let resumed = handshakes.iter().filter(|kind| **kind == HandshakeKind::Resumed).count();
        (handshakes.len() - resumed, resumed)
    }
}

/// Invokes `binary`, the function `name`, twice over `story`, as it ships: as many calls at once as there are by default, at
/// the rates of the services. The first invocation must send more than `least` requests.
///
/// # Panics
///
/// If it does not shake hands in full once at either endpoint, or does so again in the second invocation.
pub async fn assert_one_full_handshake(binary: &str, name: &str, story: &str, least: usize) {
    let lab = Lab::in_real_time(story).await;
    let authority = Authority::new("the lab's");
    let (service, table) = (Front::new(&lab, &authority).await, Front::new(&lab, &authority).await);
    // Tickets go by name, and those of one front are worth nothing at the other.
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
    let mut before = 0;
    // A request may begin to connect in the moment in which the connection before it becomes free.
    for (invocation, least, most) in [("first", least, 2 * AT_ONCE), ("warm", 1, 2)] {
        lab.simulator.clear_log();
        assert_eq!(function.response("{}").await["status"], "ok", "{invocation}");
        let requests = lab.simulator.log().len();
        assert!(requests > least, "{requests} requests in the {invocation} invocation");
        let handshakes = [service.handshakes(), table.handshakes()];
        assert_eq!(handshakes.map(|(full, _)| full), [1, 1], "full ones after the {invocation} invocation");
        let new = handshakes.map(|(full, resumed)| full + resumed).iter().sum::<usize>() - before;
        assert!(new <= most, "{new} handshakes in the {invocation} invocation");
        before += new;
    }
    function.kill().await;
}
