//! The interface of a collector: its source, its own configuration, and how it collects from one target.

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

/// What a collector returns: what is written to the target's `state` and `run` after everything else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Everything before this instant is stored; `None` leaves the watermark where it is.
    pub watermark: Option<Timestamp>,
    /// The span that was worked, `end` being how far it came.
    pub window: Option<Window>,
    /// Where the next scheduled run continues.
    pub cursor: Cursor,
}

impl Checkpoint {
    /// Nothing moves: the run came to nothing, or, as a push, has no part in what a checkpoint records.
    pub fn nothing_done(_: Completeness) -> Self {
        Self::default()
    }
}

/// What becomes of the attribute `resume` of a target's `state`, where the collector of a source without history notes how
/// far it came when time ran out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cursor {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is removed: nothing is left to continue.
    Clear,
    /// The next run continues here.
    Set(Map),
}

/// A collector.
pub trait Collector: Sized + Send + Sync + 'static {
    /// The service that it collects from.
    const SOURCE: Source;

    /// Reads the function's own variables. Every fault goes into `faults`.
    fn read(environment: &Environment, faults: &mut Faults) -> Self;

    /// Makes a client of the service, and with it what all clients share, before the first invocation: Lambda starts a
    /// function with a full processor, and runs it with its share of one.
    fn prepare(sdk: &SdkConfig);

    /// Fetches, normalizes, validates and writes what one target has. Failures go into the target's report and affect
    /// nothing else.
    fn collect(&self, run: &TargetRun) -> impl Future<Output = Checkpoint>;
}
