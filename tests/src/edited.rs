//! Answers changed on their way to the SDK, for what a service may answer and the simulator never does.

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A request, as far as a test needs it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The path without the query, or the name of the operation where that is in a header.
    pub operation: String,
    /// What follows `?`.
    pub query: String,
    /// The body; null where there is none.
    pub input: Value,
}

type Edit = dyn Fn(&Sent, &mut Value) -> bool + Send + Sync;

/// `sdk` with answers that `edit` may change or replace. Where it returns `true`, the answer is a success, whatever it was.
///
/// # Panics
///
/// If `sdk` has no HTTP client.
pub fn edited(
    sdk: &SdkConfig,
    edit: impl Fn(&Sent, &mut Value) -> bool + Send + Sync + 'static,
) -> SdkConfig {
    let inner = sdk.http_client().expect("an HTTP client");
    sdk.to_builder().http_client(Edited { inner, edit: Arc::new(edit) }).build()
}

struct Edited {
    inner: SharedHttpClient,
    edit: Arc<Edit>,
}

impl fmt::Debug for Edited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Edited").finish_non_exhaustive()
    }
}

impl HttpClient for Edited {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(EditedConnector { inner, edit: Arc::clone(&self.edit) })
    }
}

struct EditedConnector {
    inner: SharedHttpConnector,
    edit: Arc<Edit>,
}

impl fmt::Debug for EditedConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EditedConnector").finish_non_exhaustive()
    }
}

impl HttpConnector for EditedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (sent, edit) = (sent(&request), Arc::clone(&self.edit));
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = ByteStream::new(response.into_body()).collect().await;
            let body = body.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
            let mut value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            if !edit(&sent, &mut value) {
                let mut same = HttpResponse::new(status, SdkBody::from(body.to_vec()));
                *same.headers_mut() = headers;
                return Ok(same);
            }
            let status = 200.try_into().expect("a status");
            Ok(HttpResponse::new(status, SdkBody::from(value.to_string())))
        })
    }
}

fn sent(request: &HttpRequest) -> Sent {
    let uri: hyper::Uri = request.uri().parse().expect("a URI");
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let input = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
    Sent {
        operation: target.unwrap_or(uri.path()).to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        input: input.unwrap_or_default(),
    }
}
