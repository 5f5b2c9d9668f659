//! The state that all connections share: the scenario, the clock, faults, limits, the log and the table.

use crate::dynamodb::table::Table;
use crate::fault::Fault;
use crate::fault::queue::Queue;
use crate::log::Log;
use crate::operation::Operation;
use crate::principal::Principal;
use crate::rate::Limits;
use crate::scenario::Scenario;
use crate::service::Service;
use crate::simulator::Observer;
use insights_shared::time::{Clock, Timestamp};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// Everything that all connections share.
pub(crate) struct SharedState {
    pub(crate) scenario: RwLock<Scenario>,
    pub(crate) clock: RwLock<Clock>,
    pub(crate) faults: Mutex<Queue>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) log: Mutex<Log>,
    pub(crate) enforce_rates: bool,
    /// `None` if the caller has its own table, without a connection.
    pub(crate) table: Option<Table>,
    pub(crate) requests: AtomicU64,
    pub(crate) observer: Option<Observer>,
}

impl fmt::Debug for SharedState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SharedState").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl SharedState {
    /// The initial state.
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
            observer: None,
        }
    }

    /// The time of the simulator's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.read().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// The current scenario.
    pub(crate) fn scenario(&self) -> RwLockReadGuard<'_, Scenario> {
        self.scenario.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more call by `principal` is within the limits, if they are enforced. If it is, it is counted.
    pub(crate) fn is_within_rate(
        &self,
        service: Service,
        operation: &Operation,
        principal: &Principal,
        region: &str,
    ) -> bool {
        if !self.enforce_rates {
            return true;
        }
        let rate = { self.scenario().rates.limit(service, operation) };
        rate.is_none_or(|rate| {
            let now = tokio::time::Instant::now();
            lock(&self.limits).admit((service, operation.name), &principal.account, region, rate, now)
        })
    }
}

/// Locks `mutex`, even after a panic in another thread: no invariant spans several changes.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
