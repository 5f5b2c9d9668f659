//! Adds the X-Ray trace header of the invocation to every request. AWS uses it to connect calls, and to detect endless
//! recursion between functions.
//!
//! The SDK reads the trace from the environment. Only the loop of `lambda_runtime` sets this variable; setting it here would
//! need `unsafe`.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use std::future::Future;

/// The name of the header. Signatures do not include it.
const HEADER: &str = "x-amzn-trace-id";

tokio::task_local! {
    static TRACE_ID: Option<String>;
}

/// Runs `future` with `trace_id` in the header of each of its requests.
pub async fn with_trace_id<T>(trace_id: Option<String>, future: impl Future<Output = T>) -> T {
    TRACE_ID.scope(trace_id, future).await
}

/// A connector that adds the trace header to requests.
#[derive(Debug)]
pub(super) struct Traced(pub(super) SharedHttpConnector);

impl HttpConnector for Traced {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if let Ok(Some(trace_id)) = TRACE_ID.try_with(Clone::clone) {
            // An invalid header value is ignored.
            let _ = request.headers_mut().try_insert(HEADER, trace_id);
        }
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use std::sync::{Arc, Mutex};

    /// Records the header of each request.
    #[derive(Clone, Debug, Default)]
    struct Noting(Arc<Mutex<Vec<Option<String>>>>);

    impl HttpConnector for Noting {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            self.0.lock().unwrap().push(request.headers().get(HEADER).map(str::to_owned));
            HttpConnectorFuture::ready(Err(ConnectorError::io("nobody is there".into())))
        }
    }

    #[tokio::test]
    async fn requests_of_an_invocation_carry_its_trace_and_others_none() {
        let noting = Noting::default();
        let connector = Traced(SharedHttpConnector::new(noting.clone()));
        let call = || async { drop(connector.call(HttpRequest::empty()).await) };
        call().await;
        with_trace_id(Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()), call()).await;
        with_trace_id(None, call()).await;
        with_trace_id(Some("no\nheader".to_owned()), call()).await;
        let expected = [None, Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()), None, None];
        assert_eq!(*noting.0.lock().unwrap(), expected);
    }
}
