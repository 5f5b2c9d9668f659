//! What a process that a person watches adds to a run, and a function on Lambda does not: a table of its own, a signal that
//! ends fetching early, progress, and a list of what a dry run would write.
//!
//! Nothing here changes what is collected or how it is stored.

use crate::aws::{CallCounts, ServiceDates};
use crate::report::{RunStatus, TargetReport};
use crate::store::Units;
use crate::store::dry_run::DryRunSink;
use crate::target::Target;
use aws_sdk_dynamodb::Client;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;

/// What a service uses beside its configuration.
#[derive(Clone, Debug, Default)]
pub struct RunHooks {
    /// The client of the table, in place of the one that the service would make.
    pub table: Option<Client>,
    /// Cancelling it ends fetching; what was fetched before is stored.
    pub cancellation: CancellationToken,
    /// Gets each target as its run begins.
    pub activity: Option<Arc<Activity>>,
    /// Gets what a dry run would write.
    pub dry_run: Option<DryRunSink>,
    /// What a response before the first invocation showed about the machine's clock.
    pub dates: Option<Arc<ServiceDates>>,
}

/// The targets whose runs have begun, and the units of the table that the whole run consumed.
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

    /// The units of the table that were consumed, once the run has ended.
    pub fn units(&self) -> Units {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the units that the run consumed.
    pub(crate) fn used(&self, units: Units) {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner) = units;
    }

    /// Notes that a target's run begins.
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
    /// How the run ended, if it has.
    pub fn ended(&self) -> Option<RunStatus> {
        self.ended.get().copied()
    }

    pub(crate) fn end(&self, status: RunStatus) {
        // A run ends once.
        let _ = self.ended.set(status);
    }
}
