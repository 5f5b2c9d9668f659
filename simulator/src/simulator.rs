//! A running simulator as tests and the command line hold it: started with options, asked for its log, changed while it
//! runs, stopped by dropping it.

use crate::fault::Fault;
use crate::guard::{AllowedHost, Guard};
use crate::log::{LoggedCall, Seen};
use crate::scenario::Scenario;
use crate::server;
use crate::table::Table;
use crate::world::{World, lock};
use insights_shared::time::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How a simulator is started. `Options { scenario, ..Options::default() }` changes what differs.
pub struct Options {
    /// Where to listen; a free port of the loopback interface by default.
    pub address: SocketAddr,
    /// What there is to find; the built-in story, told as of now, by default.
    pub scenario: Scenario,
    /// What time it is in the story; the machine's by default.
    pub clock: Clock,
    /// Whether the services' rate limits hold; not by default.
    pub enforce_rates: bool,
    /// Faults from the start.
    pub faults: Vec<Fault>,
    /// The database behind DynamoDB's operations; an empty one in memory by default.
    pub table: Option<dynoxide::Database>,
    /// Names by which clients reach it, besides those of the loopback interface and its own address; none by default.
    pub allowed_hosts: Vec<AllowedHost>,
    /// Who is told of every request as it comes, beside the log, which keeps no bodies; nobody by default.
    pub watch: Option<Watch>,
}

/// Is told of a request: its operation, its path with the query, and its body.
pub type Watch = Arc<dyn Fn(&str, &str, &[u8]) + Send + Sync>;

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
            watch: None,
        }
    }
}

/// A running simulator. It ends when it is dropped or stopped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    world: Arc<World>,
    server: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl Simulator {
    /// Starts one; it answers when this returns. An error says that the address cannot be used, or the table.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let database = match options.table {
            Some(database) => database,
            None => dynoxide::Database::memory().map_err(|error| std::io::Error::other(error.to_string()))?,
        };
        let Options { scenario, clock, faults, enforce_rates, allowed_hosts, watch, .. } = options;
        let world = World::new(scenario, clock, faults, enforce_rates, Some(Table::Embedded(database)));
        let world = Arc::new(World { watch, ..world });
        let guard = Guard { allowed: allowed_hosts, has_pages: false };
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            // A simulator that is dropped is aborted instead, so the sender is never dropped before.
            let _ = stopped.await;
        };
        let server = tokio::spawn(server::serve(Arc::clone(&world), guard, listener, stopped));
        Ok(Self { address, world, server, stop: Some(stop) })
    }

    /// Where every service answers, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls so far, in the order in which they were answered.
    pub fn log(&self) -> Vec<LoggedCall> {
        lock(&self.world.log).calls()
    }

    /// Who has called what since the beginning, also before the log was cleared.
    pub fn seen(&self) -> BTreeSet<Seen> {
        lock(&self.world.log).seen()
    }

    /// How many calls of each operation there were.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.world.log).counts()
    }

    /// Forgets the calls so far.
    pub fn clear_log(&self) {
        lock(&self.world.log).clear();
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.world.faults).add(fault);
    }

    /// Ends every fault.
    pub fn clear_faults(&self) {
        lock(&self.world.faults).clear();
    }

    /// Sets what time it is in the story.
    pub fn set_clock(&self, clock: Clock) {
        *self.world.clock.write().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    /// Changes what there is to find.
    pub fn change(&self, change: impl FnOnce(&mut Scenario)) {
        change(&mut self.world.scenario.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends it, and lets the table go. Calls under way are not answered.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The other end is gone only if the server is, and then there is nothing to stop.
            let _ = stop.send(());
        }
        // Its end is what was asked for, whichever way it reports it.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
