//! What a function is, to the rest: its source, its own configuration, and how it collects from one target.

use crate::aws::SdkConfig;
use crate::environment::Environment;
use crate::fields::Faults;
use crate::payload::Window;
use crate::record::Source;
use crate::target_run::TargetRun;
use crate::time::Timestamp;
use crate::value::Map;
use std::future::Future;

/// What a collector leaves to be written after everything else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finish {
    /// Everything before this instant is stored; `None` leaves the watermark where it is.
    pub watermark: Option<Timestamp>,
    /// The span that was worked, `end` being how far it came.
    pub window: Option<Window>,
    /// Where the next scheduled run is to go on.
    pub resume: Resume,
}

/// What becomes of `resume` in a target's `state`, where a collector without a past notes how far it came when time ran out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Resume {
    /// It stays as it is.
    #[default]
    Keep,
    /// Nothing is left to go on with.
    Nothing,
    /// The next run goes on here.
    At(Map),
}

/// One of the three collectors.
pub trait Collector: Sized + Send + Sync + 'static {
    /// The service that it collects from.
    const SOURCE: Source;

    /// Reads the function's own variables. Every fault goes into `faults`.
    fn read(environment: &Environment, faults: &mut Faults) -> Self;

    /// Makes a client of the service, and with it what all of them share, before the first invocation: Lambda starts a
    /// function with a full processor, and runs it with its share of one.
    fn prepare(sdk: &SdkConfig);

    /// Fetches, normalizes, validates and writes what one target has. Failures go into the target's report and cost
    /// nothing else; there is nothing to return for them.
    fn collect(&self, run: &TargetRun) -> impl Future<Output = Finish>;
}
