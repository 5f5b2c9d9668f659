//! Names and counts the requests of each operation, counts throttled ones, and inspects responses: it compares their `Date`
//! with the machine's clock, and rejects responses that are not answers. The rate limits are in `pace.rs`.

use super::answer::{self, Protocol};
use super::date::ServiceDates;
use crate::issue::{Class, class_of};
use crate::pace::OperationName;
use crate::surrogate::Replacer;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
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
    /// The number of throttled requests among them.
    pub throttled: u64,
    /// The number of successful requests among them.
    pub answered: u64,
    /// The operation of the last request.
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

    /// The counts so far.
    pub fn calls(&self) -> Calls {
        self.inner().clone()
    }
}

/// Inspects every response: notes its date, and rejects a successful response that is not an answer.
#[derive(Clone, Debug)]
pub(crate) struct ResponseObserver {
    protocol: Protocol,
    /// `None` for an embedded table, which has no clock of its own.
    dates: Option<Arc<ServiceDates>>,
}

impl ResponseObserver {
    /// The observer of a service that answers in JSON.
    pub(crate) fn json(dates: Option<Arc<ServiceDates>>) -> Self {
        Self { protocol: Protocol::Json, dates }
    }

    /// The observer of STS, which answers in XML.
    pub(crate) fn xml(dates: Arc<ServiceDates>) -> Self {
        Self { protocol: Protocol::Xml, dates: Some(dates) }
    }
}

#[dyn_dispatch_hint]
impl Intercept for ResponseObserver {
    fn name(&self) -> &'static str {
        "ResponseObserver"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(dates) = &self.dates {
            dates.note(operation(configuration), context.response());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A response that already is an error gets no second one: the SDK would log the whole first error.
        if context.output_or_error().is_ok() {
            answer::check(self.protocol, operation(configuration), context.response())?;
        }
        Ok(())
    }
}

/// The operation of the request.
fn operation(configuration: &ConfigBag) -> &str {
    configuration.load::<Metadata>().map(Metadata::name).unwrap_or_default()
}

/// The interceptor of every service client of a target. It names each request's operation for the connector, counts requests
/// and throttled ones, replaces unpaired surrogates in answers, and inspects responses like `ResponseObserver`.
#[derive(Clone, Debug)]
pub struct CallObserver {
    counts: Arc<CallCounts>,
    responses: ResponseObserver,
}

impl CallObserver {
    /// An observer that counts into `counts` and notes the dates of responses in `dates`.
    pub fn new(counts: Arc<CallCounts>, dates: Arc<ServiceDates>) -> Self {
        Self { counts, responses: ResponseObserver::json(Some(dates)) }
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
            self.counts.count(metadata.name());
            context.request_mut().add_extension(OperationName(metadata.name().to_owned()));
        }
        Ok(())
    }

    /// Replaces unpaired surrogates. Otherwise the SDK rejects a whole page because of one name.
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

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.responses.read_after_transmit(context, components, configuration)
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.responses.read_after_deserialization(context, components, configuration)
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        let status = response.status();
        if status.is_success() {
            self.counts.inner().answered += u64::from(context.output_or_error().is_some_and(|it| it.is_ok()));
        } else {
            let code = answer::error_code(response).unwrap_or_default();
            let is_throttle = class_of(&code, Some(status.as_u16())) == Class::Throttled;
            self.counts.inner().throttled += u64::from(is_throttle);
        }
        Ok(())
    }
}
