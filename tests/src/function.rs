//! A function in this process, invoked as by the Lambda runtime.

use insights_shared::collector::Collector;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::report::Response;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A function in this process.
#[derive(Debug)]
pub struct Function<C> {
    pub(crate) service: Service<C>,
    pub(crate) arn: String,
    pub(crate) invocations: AtomicU64,
}

impl<C: Collector> Function<C> {
    /// Invokes it without a deadline. Returns Lambda's response as JSON.
    pub async fn invoke(&self, payload: &str) -> Result<Value, InvocationError> {
        self.invoke_with(payload, |_| ()).await
    }

    /// Invokes it with `remaining` time until the deadline.
    ///
    /// # Panics
    ///
    /// If it runs much longer than `remaining`, so that a function that does not end fails its test.
    pub async fn invoke_within(&self, payload: &str, remaining: Duration) -> Result<Value, InvocationError> {
        let deadline = tokio::time::Instant::now() + remaining;
        let invocation = self.invoke_with(payload, |context| context.deadline = Some(deadline));
        let ended = tokio::time::timeout_at(deadline + Duration::from_secs(20), invocation).await;
        ended.expect("the function ends before its time is over")
    }

    /// Invokes it with a context that `change` modifies.
    ///
    /// # Panics
    ///
    /// If the response is not JSON.
    pub async fn invoke_with(
        &self,
        payload: &str,
        change: impl FnOnce(&mut Context),
    ) -> Result<Value, InvocationError> {
        let response = self.respond(payload, change).await?;
        Ok(serde_json::to_value(&response).expect("a response is JSON"))
    }

    /// Like [`Function::invoke_with`], but returns the response as its type.
    pub async fn respond(
        &self,
        payload: &str,
        change: impl FnOnce(&mut Context),
    ) -> Result<Response, InvocationError> {
        let number = self.invocations.fetch_add(1, Ordering::SeqCst);
        let request_id = format!("request-{number}");
        let mut context = Context { request_id, function_arn: self.arn.clone(), deadline: None };
        change(&mut context);
        self.service.invoke(payload, &context).await
    }
}
