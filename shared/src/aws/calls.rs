//! Requests named and counted, by operation, and refusals for being too many. How often a request may be sent is
//! `pace.rs`'s.

use crate::pace::OperationName;
use crate::surrogate::Replacer;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The requests of one target's run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Requests sent, retries included, by operation.
    pub sent: BTreeMap<String, u64>,
    /// How many of them were refused as too many.
    pub throttled: u64,
    /// How many were answered with what they asked for.
    pub answered: u64,
    /// The operation of the last one.
    pub last: Option<String>,
}

/// Counts the requests of one target's run.
#[derive(Debug, Default)]
pub struct CallCounts(Mutex<Calls>);

impl CallCounts {
    fn inner(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, operation: &str) {
        let mut calls = self.inner();
        *calls.sent.entry(operation.to_owned()).or_default() += 1;
        calls.last = Some(operation.to_owned());
    }

    /// What was counted so far.
    pub fn calls(&self) -> Calls {
        self.inner().clone()
    }
}

/// Names each request's operation for the connector below, counts requests and refusals, and makes answers readable that
/// spell half a character. Every service client of a target is given one.
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

    /// Replaces unpaired surrogates: the SDK would take a whole page for malformed because of one name in it.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let mut surrogates = Replacer::default();
        let replaced = std::mem::replace(body, SdkBody::taken()).map_frame(move |frame| {
            frame.map_data(|piece| surrogates.replace(&piece).map_or(piece, Into::into))
        });
        *body = SdkBody::from_body_1_x(replaced);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        if response.status().is_success() {
            self.0.inner().answered += 1;
        } else if response.status().as_u16() >= 400 {
            let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
            let body = response.body().bytes().unwrap_or_default();
            // The error's type is behind whatever it was decoded into; its code is spelled out in header or body.
            let text = format!("{header} {}", String::from_utf8_lossy(body));
            let codes = ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"];
            if response.status().as_u16() == 429 || codes.iter().any(|code| text.contains(code)) {
                self.0.inner().throttled += 1;
            }
        }
        Ok(())
    }
}
