//! The one connector of the process: its connections, its TLS configuration and its session tickets are everybody's. It
//! knows nothing of pacing, which is laid around it.

use super::Timeouts;
use super::trace::Traced;
use super::trust::Trust;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::ConnectorBuilder;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// An HTTP client that gives every service the same connector. The SDK's own would make one for each client, and another
/// at the first request, each with a TLS configuration that it builds anew.
#[derive(Debug)]
pub(super) struct OneConnector(SharedHttpConnector);

impl OneConnector {
    /// A connector that gives up after `timeouts` and believes whom `trust` names.
    pub(super) fn new(timeouts: Timeouts, trust: &Trust) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            .build();
        // Making a context cannot fail; if it ever does, it is the machine's roots that are believed.
        let context = TlsContext::builder().with_trust_store(trust_store(trust)).build().unwrap_or_default();
        let connector = ConnectorBuilder::default()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context)
            .build();
        Self(SharedHttpConnector::new(Traced(SharedHttpConnector::new(connector))))
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

fn trust_store(trust: &Trust) -> TrustStore {
    match trust {
        Trust::Native => TrustStore::default(),
        Trust::Certificates(pem) => TrustStore::empty().with_pem_certificate(pem.as_bytes()),
    }
}
