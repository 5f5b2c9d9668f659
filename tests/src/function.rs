//! A function in process, invoked as the Lambda runtime would.

use insights_shared::collector::Collector;
use insights_shared::invocation::{Context, InvocationError, Service};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A function in process.
#[derive(Debug)]
pub struct Function<C> {
    pub(crate) service: Service<C>,
    pub(crate) arn: String,
    pub(crate) invocations: AtomicU64,
}

impl<C: Collector> Function<C> {
    /// Invokes it without a deadline. The response is what Lambda would give back, as JSON.
    pub async fn invoke(&self, payload: &str) -> Result<Value, InvocationError> {
        self.invoke_with(payload, |_| ()).await
    }

    /// Invokes it with `remaining` time until the runtime would end it.
    ///
    /// # Panics
    ///
    /// If it goes on far beyond that: a function that waits for ever fails its test, and does not hang it.
    pub async fn invoke_within(&self, payload: &str, remaining: Duration) -> Result<Value, InvocationError> {
        let deadline = tokio::time::Instant::now() + remaining;
        let invocation = self.invoke_with(payload, |context| context.deadline = Some(deadline));
        let ended = tokio::time::timeout_at(deadline + Duration::from_secs(20), invocation).await;
        ended.expect("the function ends before its time is over")
    }

    /// Invokes it with what `change` changes of what the runtime says.
    ///
    /// # Panics
    ///
    /// If the response is no JSON.
    pub async fn invoke_with(
        &self,
        payload: &str,
        change: impl FnOnce(&mut Context),
    ) -> Result<Value, InvocationError> {
        let number = self.invocations.fetch_add(1, Ordering::SeqCst);
        let request_id = format!("request-{number}");
        let mut context = Context { request_id, function_arn: self.arn.clone(), deadline: None };
        change(&mut context);
        let response = self.service.invoke(payload, &context).await?;
        Ok(serde_json::to_value(&response).expect("a response is JSON"))
    }
}
