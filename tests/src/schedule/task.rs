//! One run of a function, polled by the schedule; and runs without disturbances.

use super::backend::Backend;
use super::gate::{Gate, GateClient, Stage};
use super::{Time, VARIABLES};
use crate::lab::{ACCOUNT, REGION, TABLE, UNPACED};
use crate::offline;
use crate::sources::test_source;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use futures_util::task::{ArcWake, waker};
use insights_shared::collector::Collector;
use insights_shared::environment::Environment;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::report::Response;
use insights_shared::time::Clock;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// The future of a run.
pub type Invocation = Pin<Box<dyn Future<Output = Result<Response, InvocationError>>>>;

/// A run in progress.
pub struct Task {
    /// Its number in the schedule.
    pub number: usize,
    invocation: Invocation,
    is_woken: Arc<Woken>,
}

#[derive(Debug)]
struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.store(true, Ordering::SeqCst);
    }
}

impl Task {
    /// A run with `payload` that starts now.
    pub fn new<C: Collector>(
        number: usize,
        gate: &Gate,
        time: Time,
        concurrency: &str,
        payload: String,
    ) -> Self {
        let always = [
            ("TABLE_NAME", TABLE),
            ("AWS_REGION", REGION),
            ("RATE_LIMITS", UNPACED.as_str()),
            ("CONCURRENCY", concurrency),
        ];
        let own = test_source(C::SOURCE).schedule_variables;
        let environment: Environment =
            always.into_iter().chain(VARIABLES).chain(own.iter().copied()).collect();
        let service = Service::<C>::new(&environment, sdk(gate.client(number)), time.clock());
        let service = service.expect("a configuration without faults");
        let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", C::SOURCE.package);
        let context = Context { request_id: format!("request-{number}"), function_arn, deadline: None };
        let invocation = Box::pin(async move { service.invoke(&payload, &context).await });
        Self { number, invocation, is_woken: Arc::new(Woken(AtomicBool::new(true))) }
    }

    /// The future of the run, for a caller that polls it without a schedule.
    pub fn into_invocation(self) -> Invocation {
        self.invocation
    }

    /// Polls the run until it waits for an answer.
    pub fn poll(&mut self) -> Poll<Result<Response, InvocationError>> {
        let waker = waker(Arc::clone(&self.is_woken));
        let mut context = std::task::Context::from_waker(&waker);
        while self.is_woken.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(result) = self.invocation.as_mut().poll(&mut context) {
                return Poll::Ready(result);
            }
        }
        Poll::Pending
    }
}

/// The SDK with `client`. It makes no retries, because they share a budget in the process, and a schedule must not depend on
/// earlier ones.
pub fn sdk(client: GateClient) -> SdkConfig {
    offline::sdk(client, REGION, RetryConfig::disabled(), Clock::System)
}

/// Answers every call of `future` immediately, in order, until it is complete.
///
/// # Panics
///
/// If it waits for something other than a call.
pub fn undisturbed<T>(gate: &Gate, backend: &Backend, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let is_woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = waker(Arc::clone(&is_woken));
    let mut context = std::task::Context::from_waker(&waker);
    loop {
        while is_woken.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
        }
        let turn = gate.waiting().into_iter().next().expect("it waits for a call");
        let Some(call) = gate.take(turn) else { continue };
        if let Stage::Sent(request) = &call.stage {
            let answer = backend.answer(request);
            call.deliver(answer);
        }
    }
}

/// Creates the table.
///
/// # Panics
///
/// If the database does not accept it.
pub fn create_table(backend: &Backend) {
    let gate = Gate::default();
    let client = aws_sdk_dynamodb::Client::new(&sdk(gate.client(0)));
    let created = undisturbed(&gate, backend, insights_shared::store::schema::create_table(&client, TABLE));
    created.expect("a table");
}
