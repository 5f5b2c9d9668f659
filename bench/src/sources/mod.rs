//! The benchmark data of each source: one file per source, and one entry in [`BENCH_SOURCES`]. In addition, `bench/boto3` has
//! one module per source, named after its id.

mod auditmanager;
mod cloudtrail;
mod eks;
mod securityhub;
mod xray;

use crate::load::{Content, Load};
use crate::scale::Scale;
use insights_sources::Source;

/// The registration: a new source is one entry here.
pub static BENCH_SOURCES: &[BenchSource] = &[
    xray::BENCH_SOURCE,
    cloudtrail::BENCH_SOURCE,
    auditmanager::BENCH_SOURCE,
    eks::BENCH_SOURCE,
    securityhub::BENCH_SOURCE,
];

/// The benchmark data of one source. Scenarios are TOML.
#[derive(Clone, Copy, Debug)]
pub struct BenchSource {
    /// The source.
    pub source: Source,
    /// The configuration of its function.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether each run must start in a later minute than the previous one, as with any schedule.
    pub starts_in_new_minute: bool,
    /// The scenario for the comparison with boto3.
    pub load: fn(Load, Content) -> String,
    /// The minimum number of records from this scenario.
    pub records: fn(Load) -> usize,
    /// The data for the memory benchmark, if it includes the source.
    pub memory: Option<MemoryData>,
}

/// The data of one source for the memory benchmark.
#[derive(Clone, Copy, Debug)]
pub struct MemoryData {
    /// The scenario.
    pub scenario: fn(Scale) -> String,
    /// The minimum number of records from the scenario.
    pub records: fn(Scale) -> u64,
    /// The number of metric series.
    pub series: fn(Scale) -> usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::time::Clock;
    use insights_simulator::Scenario;
    use insights_sources::{auditmanager, cloudtrail, eks, securityhub, xray};

    fn bench_source(source: Source) -> BenchSource {
        let found = BENCH_SOURCES.iter().find(|entry| entry.source == source);
        *found.unwrap_or_else(|| panic!("{source} has no entry in BENCH_SOURCES of bench/src/sources/mod.rs"))
    }

    #[test]
    fn every_source_has_benchmark_data_and_a_boto3_module() {
        for source in insights_sources::all() {
            assert_eq!(bench_source(source).source, source);
            let module = format!("{}/boto3/{source}.py", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&module).is_file(), "{module} is missing");
        }
        assert_eq!(BENCH_SOURCES.len(), insights_sources::all().len());
    }

    #[test]
    fn every_scenario_is_valid() {
        let check = |text: String, place: String| {
            let faults = Scenario::parse(&text, Clock::System.now()).err();
            assert_eq!(faults.map(|faults| faults.to_string()), None, "{place}");
        };
        for entry in BENCH_SOURCES {
            for load in Load::ALL.into_iter().chain([Load::TINY]).filter(|load| load.insights <= 200) {
                for content in [Content::Initial, Content::Changed] {
                    let place = format!("{}: {} {content:?}", entry.source, load.name);
                    check((entry.load)(load, content), place);
                }
            }
            if let Some(memory) = entry.memory {
                check((memory.scenario)(Scale::ALL[0]), format!("{}: {}", entry.source, Scale::ALL[0].name));
            }
        }
    }

    #[test]
    fn the_change_affects_one_in_a_hundred() {
        let usual = Load::ALL[1];
        let added = |source, word: &str| {
            let count = |content| (bench_source(source).load)(usual, content).matches(word).count();
            count(Content::Changed) - count(Content::Initial)
        };
        assert_eq!(added(xray::SOURCE, "last_update_time"), 2, "of 200 insights");
        assert_eq!(added(cloudtrail::SOURCE, "end = "), 2, "of 200 insights");
        assert_eq!(added(cloudtrail::SOURCE, "-30m"), 1, "of 20 series");
        assert_eq!(added(auditmanager::SOURCE, "corrections"), 6, "of 600 controls");
        assert_eq!(added(eks::SOURCE, "\"changed\""), 2, "of 200 checks");
        assert_eq!(added(securityhub::SOURCE, "\"changed\""), 2, "of 200 insights");
    }

    #[test]
    fn an_empty_account_has_no_records_and_the_others_theirs() {
        let [empty, usual, _] = Load::ALL;
        let records = |source, load| (bench_source(source).records)(load);
        for source in insights_sources::all() {
            assert_eq!(records(source, empty), 0, "{source}");
        }
        let found = (records(xray::SOURCE, usual), records(auditmanager::SOURCE, usual));
        assert_eq!(found, (800, 6 * 131));
        assert_eq!(records(cloudtrail::SOURCE, usual), 200 + 20 * 355);
        assert_eq!(records(eks::SOURCE, usual), 400);
        assert_eq!(records(securityhub::SOURCE, usual), 200);
    }
}
