//! The simulated services without a port: a request goes in, an answer comes out, in the caller's own thread and turn. For
//! simulations that decide themselves when a request arrives, for paused clocks, and for fuzzing.

use crate::exchange::Outcome;
use crate::fault::Fault;
use crate::log::{LoggedCall, Seen};
use crate::protocol::canned::http_date;
use crate::scenario::Scenario;
use crate::server::{received, respond};
use crate::table::Table;
use crate::world::{World, lock};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use insights_shared::time::Clock;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// The services of a scenario, with no table behind them unless one is given.
#[derive(Debug)]
pub struct Offline {
    world: World,
}

impl Offline {
    /// The services of `scenario`. Rate limits do not hold, unless [`Self::enforcing_rates`] says so.
    pub fn new(scenario: Scenario, clock: Clock) -> Self {
        Self { world: World::new(scenario, clock, Vec::new(), false, None) }
    }

    /// The same with a table, whose operations `table` answers: the operation's name and body in, status and body out.
    #[must_use]
    pub fn with_table(
        mut self,
        table: impl Fn(&str, &[u8]) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        self.world.table = Some(Table::Here(Box::new(table)));
        self
    }

    /// The same with rate limits that hold, by the time of the runtime in which requests come: it may be paused.
    #[must_use]
    pub fn enforcing_rates(mut self) -> Self {
        self.world.enforce_rates = true;
        self
    }

    /// What the services answer to `request`; `None` where the connection would be reset.
    pub async fn answer(&self, request: Request<Bytes>) -> Option<Response<Full<Bytes>>> {
        match self.world.exchange(received(request)).await {
            Outcome::Reply(reply) => respond(reply),
            Outcome::Reset => None,
        }
    }

    /// What the `date` header of a response says now, for whoever answers beside these services.
    pub fn date(&self) -> String {
        http_date(self.world.now())
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.world.faults).add(fault);
    }

    /// Ends every fault.
    pub fn clear_faults(&self) {
        lock(&self.world.faults).clear();
    }

    /// Changes what there is to find.
    pub fn change(&self, change: impl FnOnce(&mut Scenario)) {
        change(&mut self.world.scenario.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The calls so far, in the order in which they were answered.
    pub fn log(&self) -> Vec<LoggedCall> {
        lock(&self.world.log).calls()
    }

    /// Who has called what since the beginning, also before the log was cleared.
    pub fn seen(&self) -> BTreeSet<Seen> {
        lock(&self.world.log).seen()
    }

    /// Forgets the calls so far, which are logged here as well.
    pub fn clear_log(&self) {
        lock(&self.world.log).clear();
    }
}
