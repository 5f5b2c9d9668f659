//! Hashes the body of a request for its signature with the cryptography library that TLS uses. On processors without SHA-256
//! instructions, which Lambda may use, this takes little more than half the time of the SDK's implementation.

use crate::key::sha256_hex;
use aws_runtime::auth::PayloadSigningOverride;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Hashes the body of each request for the signer.
#[derive(Debug)]
pub(super) struct BodyDigest;

#[dyn_dispatch_hint]
impl Intercept for BodyDigest {
    fn name(&self) -> &'static str {
        "BodyDigest"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The signer itself hashes a body that is not in memory.
        if let Some(body) = context.request().body().bytes() {
            configuration
                .interceptor_state()
                .store_put(PayloadSigningOverride::Precomputed(sha256_hex(body)));
        }
        Ok(())
    }
}
