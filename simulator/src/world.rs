//! What all connections share: the scenario, the clock, faults, limits, the log and the table.

use crate::fault::Fault;
use crate::fault::queue::Queue;
use crate::log::Log;
use crate::operation::Service;
use crate::rate::{self, Limits};
use crate::scenario::Scenario;
use crate::simulator::Watch;
use crate::sts::Principal;
use crate::table::Table;
use insights_shared::time::{Clock, Timestamp};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// Everything that all connections share.
pub(crate) struct World {
    pub(crate) scenario: RwLock<Scenario>,
    pub(crate) clock: RwLock<Clock>,
    pub(crate) faults: Mutex<Queue>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) log: Mutex<Log>,
    pub(crate) enforce_rates: bool,
    /// None where requests come without a connection: whoever sends them so has a table of its own.
    pub(crate) table: Option<Table>,
    pub(crate) requests: AtomicU64,
    pub(crate) watch: Option<Watch>,
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl World {
    /// A world in which nothing has been asked yet.
    pub(crate) fn new(
        scenario: Scenario,
        clock: Clock,
        faults: Vec<Fault>,
        enforce_rates: bool,
        table: Option<Table>,
    ) -> Self {
        let mut queue = Queue::default();
        for fault in faults {
            queue.add(fault);
        }
        Self {
            scenario: RwLock::new(scenario),
            clock: RwLock::new(clock),
            faults: Mutex::new(queue),
            limits: Mutex::new(Limits::default()),
            log: Mutex::new(Log::default()),
            enforce_rates,
            table,
            requests: AtomicU64::new(0),
            watch: None,
        }
    }

    /// The instant that the simulator's clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.read().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// The scenario as it is now.
    pub(crate) fn scenario(&self) -> RwLockReadGuard<'_, Scenario> {
        self.scenario.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more call by `principal` is within the limits, where they are enforced; if so, it is counted.
    pub(crate) fn rate_allows(
        &self,
        service: Service,
        operation: &str,
        principal: &Principal,
        region: &str,
    ) -> bool {
        if !self.enforce_rates {
            return true;
        }
        let rate = { rate::limit(&self.scenario().rates, service, operation) };
        rate.is_none_or(|rate| {
            let now = tokio::time::Instant::now();
            lock(&self.limits).admit(operation, &principal.account, region, rate, now)
        })
    }
}

/// What `mutex` guards, also after a panic: there is no invariant here that one could have broken.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
