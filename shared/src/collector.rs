//! The interface of a collector: its source, its configuration, and how it collects from one target.

use crate::aws::SdkConfig;
use crate::completeness::Completeness;
use crate::environment::Environment;
use crate::fields::Faults;
use crate::payload::Window;
use crate::record::Source;
use crate::target_run::TargetRun;
use crate::time::Timestamp;
use crate::value::Map;
use std::future::Future;

/// The result of a collector, which is written to the target's `state` and `run` last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Everything before this instant is stored; `None` leaves the watermark unchanged.
    pub watermark: Option<Timestamp>,
    /// The time span that was processed. `end` is how far the run came.
    pub window: Option<Window>,
    /// Where the next scheduled run continues.
    pub cursor: Cursor,
}

impl Checkpoint {
    /// A result that changes nothing: the run failed, or was a push, which has no checkpoint.
    pub fn nothing_done(_: Completeness) -> Self {
        Self::default()
    }
}

/// The change of the attribute `resume` of a target's `state`. Collectors of sources without history store there how far they
/// came before time ran out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cursor {
    /// No change.
    #[default]
    Keep,
    /// Removed, because there is nothing to continue.
    Clear,
    /// The next run continues here.
    Set(Map),
}

/// A collector.
pub trait Collector: Sized + Send + Sync + 'static {
    /// The service that it collects from.
    const SOURCE: Source;

    /// Reads the variables that only this function has. Adds a fault for each invalid value.
    fn read(environment: &Environment, faults: &mut Faults) -> Self;

    /// Creates a client of the service, and everything that clients share, before the first invocation: Lambda gives a
    /// function full CPU during initialisation, and only its share afterwards.
    fn prepare(sdk: &SdkConfig);

    /// Fetches, normalizes, validates and writes the data of one target. Failures are added to the target's report and affect
    /// no other target.
    fn collect(&self, run: &TargetRun) -> impl Future<Output = Checkpoint>;
}
