//! The data and checks of each source for the fuzz targets: one file per source, and one entry in [`SOURCES`].

mod auditmanager;
mod cloudtrail;
mod eks;
mod securityhub;
mod xray;

use crate::given::Outcome;
use crate::keys::Item;
use insights_shared::record::{Record, Source, Stored};
use serde_json::Value;

/// The registration: a new source is one entry here.
static SOURCES: &[FuzzSource] = &[
    xray::FUZZ_SOURCE,
    cloudtrail::FUZZ_SOURCE,
    auditmanager::FUZZ_SOURCE,
    eks::FUZZ_SOURCE,
    securityhub::FUZZ_SOURCE,
];

/// The checks of sources that interpret pushed events beyond their descriptor.
static EVENT_CHECKS: &[fn(&[u8])] = &[cloudtrail::check_event];

/// The records that sources create from a stored item without an answer.
static CLOSES: &[fn(&Stored) -> Option<Record>] = &[cloudtrail::close];

/// Reads the JSON of pushed events as every source does.
pub fn check_event(data: &[u8]) {
    for check in EVENT_CHECKS {
        check(data);
    }
}

/// The records that close a stored item.
pub fn closing_records(stored: &Stored) -> impl Iterator<Item = Record> {
    CLOSES.iter().filter_map(move |close| close(stored))
}

/// How the fuzz targets request and check one source.
pub struct FuzzSource {
    /// The source.
    source: Source,
    /// The parameters for which an operation returns data from `seed/services.toml`: an object with the names of its model.
    pub parameters: fn(operation: &str) -> Value,
    /// The number of elements in an answer, and how many of them are stored, rejected or reported. `None` if the operation
    /// returns nothing to store.
    pub counts: fn(&Outcome, answer: &Value) -> Option<(usize, usize)>,
    /// Checks the key of a record or catalog row of the source.
    pub check_key: fn(&Item),
}

/// The entry of `source`.
///
/// # Panics
///
/// If `source` has none.
pub fn fuzz_source(source: Source) -> &'static FuzzSource {
    let found = SOURCES.iter().find(|entry| entry.source == source);
    found.unwrap_or_else(|| panic!("{source} has no entry in SOURCES of fuzz/src/sources/mod.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_fuzzed() {
        for source in insights_sources::all() {
            assert_eq!(fuzz_source(source).source, source);
        }
        assert_eq!(SOURCES.len(), insights_sources::all().len());
    }
}
