//! Requests named and counted, by operation, and refusals for being too many. How often a request may be sent is
//! `pace.rs`'s.

use crate::pace::OperationName;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Requests sent, by operation, and refusals for being too many.
#[derive(Debug, Default)]
pub struct CallCounts(Mutex<(BTreeMap<String, u64>, u64)>);

impl CallCounts {
    fn count(&self, operation: &str) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *inner.0.entry(operation.to_owned()).or_default() += 1;
    }

    fn throttled(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
    }

    /// Requests by operation, and how many of them were refused as too many.
    pub fn totals(&self) -> (BTreeMap<String, u64>, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Names each request's operation for the connector below, and counts requests and refusals. Every service client of a
/// target is given one.
#[derive(Clone, Debug)]
pub struct CallObserver(Arc<CallCounts>);

impl CallObserver {
    /// An observer that counts into `counts`.
    pub fn new(counts: Arc<CallCounts>) -> Self {
        Self(counts)
    }
}

#[dyn_dispatch_hint]
impl Intercept for CallObserver {
    fn name(&self) -> &'static str {
        "CallObserver"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = configuration.load::<Metadata>() {
            self.0.count(metadata.name());
            context.request_mut().add_extension(OperationName(metadata.name().to_owned()));
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(response) = context.response().filter(|response| response.status().as_u16() >= 400) {
            let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
            let body = response.body().bytes().unwrap_or_default();
            // The error's type is behind whatever it was decoded into; its code is spelled out in header or body.
            let text = format!("{header} {}", String::from_utf8_lossy(body));
            let codes = ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"];
            if response.status().as_u16() == 429 || codes.iter().any(|code| text.contains(code)) {
                self.0.throttled();
            }
        }
        Ok(())
    }
}
