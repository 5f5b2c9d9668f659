//! A running simulator: start it with options, read its log, change its scenario, and drop it to stop it.

use crate::dynamodb::table::Table;
use crate::fault::Fault;
use crate::guard::{AllowedHost, Guard};
use crate::log::{LoggedCall, Seen};
use crate::scenario::Scenario;
use crate::selector::Selector;
use crate::server;
use crate::service::Service;
use crate::state::{SharedState, lock};
use insights_shared::time::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The options of a simulator. Name the ones that differ: `Options { scenario, ..Options::default() }`.
pub struct Options {
    /// The address to listen on. Default: a free port of the loopback interface.
    pub address: SocketAddr,
    /// The data of the services. Default: the built-in scenario, relative to the current time.
    pub scenario: Scenario,
    /// The simulator's clock. Default: the machine's.
    pub clock: Clock,
    /// Whether the services' rate limits are enforced. Default: no.
    pub enforce_rates: bool,
    /// The faults that apply from the start.
    pub faults: Vec<Fault>,
    /// The database behind DynamoDB's operations. Default: an empty one in memory.
    pub table: Option<dynoxide::Database>,
    /// Host names that requests may have besides loopback names and the address. Default: none.
    pub allowed_hosts: Vec<AllowedHost>,
    /// A function that is called with every request before it is answered. The log does not contain bodies. Default: none.
    pub observer: Option<Observer>,
}

/// A function of a request's service, operation, path with query, and body.
pub type Observer = Arc<dyn Fn(Service, &str, &str, &[u8]) + Send + Sync>;

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: Scenario::built_in(Clock::System.now()),
            clock: Clock::System,
            enforce_rates: false,
            faults: Vec::new(),
            table: None,
            allowed_hosts: Vec::new(),
            observer: None,
        }
    }
}

/// A running simulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    state: Arc<SharedState>,
    server: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl Simulator {
    /// Starts a simulator, which accepts requests when this returns. An error means that the address or the database cannot
    /// be used.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let database = match options.table {
            Some(database) => database,
            None => dynoxide::Database::memory().map_err(|error| std::io::Error::other(error.to_string()))?,
        };
        let Options { scenario, clock, faults, enforce_rates, allowed_hosts, observer, .. } = options;
        let state = SharedState::new(scenario, clock, faults, enforce_rates, Some(Table::Embedded(database)));
        let state = Arc::new(SharedState { observer, ..state });
        let guard = Guard { allowed: allowed_hosts, has_pages: false };
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            // The sender lives as long as the server: dropping the simulator aborts the server.
            let _ = stopped.await;
        };
        let server = tokio::spawn(server::serve(Arc::clone(&state), guard, listener, stopped));
        Ok(Self { address, state, server, stop: Some(stop) })
    }

    /// The URL of every service, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls in the order in which they were answered.
    pub fn log(&self) -> Vec<LoggedCall> {
        lock(&self.state.log).calls()
    }

    /// Which operations each caller has called since the start, including before the log was cleared.
    pub fn seen(&self) -> BTreeSet<Seen> {
        lock(&self.state.log).seen()
    }

    /// The number of calls of `operations` since the log was cleared.
    pub fn calls(&self, operations: Selector) -> u64 {
        lock(&self.state.log).count(operations)
    }

    /// The number of calls by operation, such as `xray:GetInsight`, since the log was cleared.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.state.log).counts()
    }

    /// Clears the log.
    pub fn clear_log(&self) {
        lock(&self.state.log).clear();
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.state.faults).add(fault);
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// Sets the simulator's clock.
    pub fn set_clock(&self, clock: Clock) {
        *self.state.clock.write().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    /// Changes the scenario.
    pub fn change(&self, change: impl FnOnce(&mut Scenario)) {
        change(&mut self.state.scenario.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Stops the simulator and closes the database. Calls in progress are not answered.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Only the server drops the receiver.
            let _ = stop.send(());
        }
        // It may already have ended or be aborted.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
