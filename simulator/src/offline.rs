//! The simulated services without a port: a function from a request to a response, in the caller's thread. It is used for
//! simulations that control the arrival of requests, paused clocks, and fuzzing.

use crate::dynamodb::table::Table;
use crate::exchange::Outcome;
use crate::fault::Fault;
use crate::log::{LoggedCall, Seen};
use crate::protocol::canned::http_date;
use crate::scenario::Scenario;
use crate::server::{received, respond};
use crate::state::{SharedState, lock};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use insights_shared::time::Clock;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// The services of a scenario, without a table unless one is given.
#[derive(Debug)]
pub struct Offline {
    state: SharedState,
}

impl Offline {
    /// The services of `scenario`, without rate limits.
    pub fn new(scenario: Scenario, clock: Clock) -> Self {
        Self { state: SharedState::new(scenario, clock, Vec::new(), false, None) }
    }

    /// The same with a table: a function from an operation's name and body to a status and a body.
    #[must_use]
    pub fn with_table(
        mut self,
        table: impl Fn(&str, &[u8]) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        self.state.table = Some(Table::Function(Box::new(table)));
        self
    }

    /// The same with rate limits, by the clock of the Tokio runtime, which may be paused.
    #[must_use]
    pub fn enforcing_rates(mut self) -> Self {
        self.state.enforce_rates = true;
        self
    }

    /// The response to `request`; `None` if the connection would be reset.
    pub async fn answer(&self, request: Request<Bytes>) -> Option<Response<Full<Bytes>>> {
        match self.state.exchange(received(request)).await {
            Outcome::Reply(reply) => respond(reply),
            Outcome::Reset => None,
        }
    }

    /// The current value of the `date` header, for responses that the caller makes itself.
    pub fn date(&self) -> String {
        http_date(self.state.now())
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.state.faults).add(fault);
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// Changes the scenario.
    pub fn change(&self, change: impl FnOnce(&mut Scenario)) {
        change(&mut self.state.scenario.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The calls in the order in which they were answered.
    pub fn log(&self) -> Vec<LoggedCall> {
        lock(&self.state.log).calls()
    }

    /// Which operations each caller has called since the start, also before the log was cleared.
    pub fn seen(&self) -> BTreeSet<Seen> {
        lock(&self.state.log).seen()
    }

    /// Clears the log.
    pub fn clear_log(&self) {
        lock(&self.state.log).clear();
    }
}
