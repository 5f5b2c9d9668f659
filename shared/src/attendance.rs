//! What a process has that a person attends, and a function on Lambda has not: a table of its own, a word that ends
//! fetching early, a look at what goes on, and a list of what a dry run would write.
//!
//! Nothing here changes what is collected or how it is stored.

use crate::aws::{CallCounts, ServiceDates};
use crate::report::{RunStatus, TargetReport};
use crate::store::Units;
use crate::store::plan::Plan;
use crate::target::Target;
use aws_sdk_dynamodb::Client;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;

/// What an attended service has beside its configuration.
#[derive(Clone, Debug, Default)]
pub struct Attendance {
    /// Leads to the table, in place of the client that the service would make.
    pub table: Option<Client>,
    /// Fetching ends as soon as this is `true`; what is in hand is stored.
    pub stop: Option<watch::Receiver<bool>>,
    /// Is shown each target as its run begins.
    pub activity: Option<Arc<Activity>>,
    /// Is told what a dry run would write.
    pub plan: Option<Plan>,
    /// What is known already about the machine's clock, from a response before the first invocation.
    pub dates: Option<Arc<ServiceDates>>,
}

/// The targets whose runs have begun, and what the run as a whole took of the table.
#[derive(Debug, Default)]
pub struct Activity {
    targets: Mutex<Vec<Arc<TargetActivity>>>,
    units: Mutex<Units>,
}

impl Activity {
    /// All targets, in the order in which they began.
    pub fn targets(&self) -> Vec<Arc<TargetActivity>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The units of the table, once the run has ended, however it did.
    pub fn units(&self) -> Units {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the run took.
    pub(crate) fn used(&self, units: Units) {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner) = units;
    }

    /// Notes that a target's run begins.
    pub(crate) fn begin(
        &self,
        target: &Target,
        calls: &Arc<CallCounts>,
        report: &Arc<TargetReport>,
    ) -> Arc<TargetActivity> {
        let activity = Arc::new(TargetActivity {
            target: target.clone(),
            calls: Arc::clone(calls),
            report: Arc::clone(report),
            ended: OnceLock::new(),
        });
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&activity));
        activity
    }
}

/// One target's run, to be looked at while it goes on.
#[derive(Debug)]
pub struct TargetActivity {
    /// The target.
    pub target: Target,
    /// Its calls to the service.
    pub calls: Arc<CallCounts>,
    /// What has become of its records.
    pub report: Arc<TargetReport>,
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
