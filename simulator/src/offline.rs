//! The simulated services without a port: a request goes in, an answer comes out, in the caller's own thread and turn. For
//! simulations that decide themselves when a request arrives, and for fuzzing.

use crate::exchange::Outcome;
use crate::fault::Fault;
use crate::scenario::Scenario;
use crate::server::{received, respond};
use crate::world::{World, lock};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use insights_shared::time::Clock;
use std::sync::PoisonError;

/// The services of a scenario, with no table behind them.
#[derive(Debug)]
pub struct Offline {
    world: World,
}

impl Offline {
    /// The services of `scenario`. Rate limits do not hold, since no time passes here.
    pub fn new(scenario: Scenario, clock: Clock) -> Self {
        Self { world: World::new(scenario, clock, Vec::new(), false, None) }
    }

    /// What the services answer to `request`; `None` where the connection would be reset.
    pub async fn answer(&self, request: Request<Bytes>) -> Option<Response<Full<Bytes>>> {
        match self.world.exchange(received(request)).await {
            Outcome::Reply(reply) => respond(reply),
            Outcome::Reset => None,
        }
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.world.faults).add(fault);
    }

    /// Changes what there is to find.
    pub fn change(&self, change: impl FnOnce(&mut Scenario)) {
        change(&mut self.world.scenario.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Forgets the calls so far, which are logged here as well.
    pub fn clear_log(&self) {
        lock(&self.world.log).clear();
    }
}
