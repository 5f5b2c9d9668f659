//! Test data of each source: one file per source and one entry in [`SOURCES`].

mod auditmanager;
mod cloudtrail;
mod eks;
mod securityhub;
mod xray;

use crate::schedule::data::{RandomData, Settings};
use insights_shared::record::Source;

/// The registration: a new source is one entry here.
static SOURCES: &[TestSource] = &[
    xray::TEST_SOURCE,
    cloudtrail::TEST_SOURCE,
    auditmanager::TEST_SOURCE,
    eks::TEST_SOURCE,
    securityhub::TEST_SOURCE,
];

/// The test data of one source. Scenarios are TOML.
#[derive(Clone, Copy, Debug)]
pub struct TestSource {
    /// The source.
    pub source: Source,
    /// Variables with which a run over the built-in scenario takes seconds and stores every kind of record.
    pub short_run: &'static [(&'static str, &'static str)],
    /// A scenario with more data than is written at once.
    pub many_insights: fn() -> String,
    /// Variables with which a run over that scenario fetches few points.
    pub few_points: &'static [(&'static str, &'static str)],
    /// A scenario in which a run over one day needs at least four requests of each of [`TestSource::frequent_operations`].
    pub many_requests: fn() -> String,
    /// Operations that such a run calls often.
    pub frequent_operations: &'static [&'static str],
    /// Variables of the runs in a schedule, in addition to those of [`crate::schedule`].
    pub(crate) schedule_variables: &'static [(&'static str, &'static str)],
    /// The empty data of a schedule before it starts.
    pub(crate) random_data: fn(&Settings) -> Box<dyn RandomData>,
}

/// The test data of `source`.
///
/// # Panics
///
/// If `source` has no entry.
pub fn test_source(source: Source) -> &'static TestSource {
    let found = SOURCES.iter().find(|entry| entry.source == source);
    found.unwrap_or_else(|| panic!("{source} has no entry in SOURCES of tests/src/sources/mod.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_test_data() {
        for source in insights_sources::all() {
            assert_eq!(test_source(source).source, source);
        }
        assert_eq!(SOURCES.len(), insights_sources::all().len());
    }
}
