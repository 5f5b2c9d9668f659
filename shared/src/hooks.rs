//! Hooks of processes that a person watches, such as the command line: their own table client, a signal that ends fetching,
//! progress, and a list of what a dry run would write. Functions on Lambda have none.
//!
//! Hooks do not change what is collected or how it is stored.

use crate::aws::{CallCounts, ServiceDates};
use crate::report::{RunStatus, TargetReport};
use crate::store::Units;
use crate::store::dry_run::DryRunSink;
use crate::target::Target;
use aws_sdk_dynamodb::Client;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;

/// What an invocation uses in addition to its configuration.
#[derive(Clone, Debug, Default)]
pub struct RunHooks {
    /// The client of the table. By default, the invocation creates one.
    pub table: Option<Client>,
    /// Cancelling it ends fetching. Everything that was fetched is still stored.
    pub cancellation: CancellationToken,
    /// Receives each target when its run begins.
    pub activity: Option<Arc<Activity>>,
    /// Receives what a dry run would write.
    pub dry_run: Option<DryRunSink>,
    /// The difference of the clocks, if a response before the first invocation already showed it.
    pub dates: Option<Arc<ServiceDates>>,
}

/// The targets whose runs have begun, and the consumed units of the table.
#[derive(Debug, Default)]
pub struct Activity {
    targets: Mutex<Vec<Arc<TargetActivity>>>,
    units: Mutex<Units>,
}

impl Activity {
    /// All targets, in the order in which their runs began.
    pub fn targets(&self) -> Vec<Arc<TargetActivity>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The consumed units of the table, once the run has ended.
    pub fn units(&self) -> Units {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the units that the run consumed.
    pub(crate) fn used(&self, units: Units) {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner) = units;
    }

    /// Records that a target's run begins.
    pub(crate) fn begin(
        &self,
        target: &Target,
        calls: &Arc<CallCounts>,
        report: &TargetReport,
    ) -> Arc<TargetActivity> {
        let activity = Arc::new(TargetActivity {
            target: target.clone(),
            calls: Arc::clone(calls),
            report: report.clone(),
            ended: OnceLock::new(),
        });
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&activity));
        activity
    }
}

/// The progress of one target's run.
#[derive(Debug)]
pub struct TargetActivity {
    /// The target.
    pub target: Target,
    /// Its requests to the service.
    pub calls: Arc<CallCounts>,
    /// Its report.
    pub report: TargetReport,
    ended: OnceLock<RunStatus>,
}

impl TargetActivity {
    /// The status at the end of the run; `None` while it runs.
    pub fn ended(&self) -> Option<RunStatus> {
        self.ended.get().copied()
    }

    pub(crate) fn end(&self, status: RunStatus) {
        // A run ends only once.
        let _ = self.ended.set(status);
    }
}
