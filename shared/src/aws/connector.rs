//! The HTTP connector of the process. All services share its connections, TLS configuration and session tickets. It does not
//! know of rate limits, which are above it (`pace.rs`).

use super::Timeouts;
use super::proxy::{Proxies, Proxy};
use super::trace::Traced;
use super::trust::Trust;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::ConnectorBuilder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// An HTTP client that gives every service the same connector. The SDK's own makes one for each client, and another at the first
/// request, each with a TLS configuration of its own.
#[derive(Debug)]
pub(super) struct OneConnector(SharedHttpConnector);

impl OneConnector {
    /// A connector with these time limits and proxies, which accepts the certificates of `trust`.
    pub(super) fn new(timeouts: Timeouts, trust: &Trust, proxies: &Proxies) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            .build();
        // Building a context cannot fail. If it ever does, the machine's certificates are accepted.
        let context = TlsContext::builder().with_trust_store(trust_store(trust)).build().unwrap_or_default();
        let connector = |proxy: &Proxy| {
            let connector = ConnectorBuilder::default()
                .connector_settings(settings.clone())
                .sleep_impl(TokioSleep::new())
                .proxy_config(proxy.config())
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(context.clone())
                .build();
            SharedHttpConnector::new(connector)
        };
        let https = connector(&proxies.https);
        let one = if proxies.http == proxies.https {
            https
        } else {
            SharedHttpConnector::new(ByScheme { http: connector(&proxies.http), https })
        };
        Self(SharedHttpConnector::new(Traced(one)))
    }
}

impl HttpClient for OneConnector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some("1.x".into())))
    }
}

/// Two connectors, because a connector of the SDK has one proxy for all requests.
#[derive(Debug)]
struct ByScheme {
    http: SharedHttpConnector,
    https: SharedHttpConnector,
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_http = request.uri().starts_with("http:");
        if is_http { self.http.call(request) } else { self.https.call(request) }
    }
}

fn trust_store(trust: &Trust) -> TrustStore {
    match trust {
        Trust::Native => TrustStore::default(),
        Trust::Certificates(pem) => TrustStore::empty().with_pem_certificate(pem.as_bytes()),
    }
}
