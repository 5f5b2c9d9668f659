//! Answers of a test's own in place of a simulated service's: codes, statuses and bodies that the simulator has no fault for.

use crate::lab::Lab;
use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use std::sync::Arc;

type Answers = dyn Fn(&str, &Value) -> Option<(u16, String)> + Send + Sync;

#[derive(Clone)]
struct Substitute<C> {
    inner: C,
    answers: Arc<Answers>,
}

impl<C: std::fmt::Debug> std::fmt::Debug for Substitute<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Substitute").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl Lab {
    /// The SDK of the lab, whose requests are given the status and body that `answers` has for the operation and its input,
    /// and reach the simulator where it has none. Operations are those of services that name them in a header: CloudTrail and
    /// DynamoDB.
    ///
    /// # Panics
    ///
    /// If the SDK has no HTTP client.
    pub fn substituting(
        &self,
        answers: impl Fn(&str, &Value) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> SdkConfig {
        let sdk = self.sdk();
        let inner = sdk.http_client().expect("an HTTP client");
        let client = Substitute { inner, answers: Arc::new(answers) };
        sdk.to_builder().http_client(client).build()
    }
}

impl HttpClient for Substitute<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Substitute { inner, answers: Arc::clone(&self.answers) })
    }
}

impl HttpConnector for Substitute<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let input = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let Some((status, body)) = (self.answers)(operation, &input) else { return self.inner.call(request) };
        let mut response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
        HttpConnectorFuture::ready(Ok(response))
    }
}
