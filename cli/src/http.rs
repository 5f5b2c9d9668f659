//! The HTTP clients of the command line. They use the TLS stack of the functions; the SDK's default client would add a
//! second one.

use crate::exit::Failure;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use insights_shared::environment::Environment;

/// The first line of a certificate in PEM.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A client that uses the proxy of the environment, and trusts the certificates of `AWS_CA_BUNDLE`, otherwise those of
/// the machine (including `SSL_CERT_FILE` and `SSL_CERT_DIR`).
pub fn https(environment: &Environment) -> Result<SharedHttpClient, Failure> {
    let trust = match environment.get("AWS_CA_BUNDLE") {
        None => TrustStore::default(),
        Some(file) => match std::fs::read(file) {
            Ok(pem) if pem.windows(BEGIN.len()).any(|window| window == BEGIN) => {
                TrustStore::empty().with_pem_certificate(pem)
            }
            Ok(_) => {
                return Err(Failure::usage(format!(
                    "AWS_CA_BUNDLE is {file}: the file contains no PEM certificate"
                )));
            }
            Err(error) => return Err(Failure::usage(format!("AWS_CA_BUNDLE is {file}: {error}"))),
        },
    };
    let context = TlsContext::builder().with_trust_store(trust).build();
    let context = context.map_err(|error| Failure::Failed(format!("setting up TLS: {error}")))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone())
            .proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    }))
}
