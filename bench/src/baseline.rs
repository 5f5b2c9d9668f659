//! The baseline of the functions (`bench/baseline.toml`): earlier measurements, and the allowed increase. It contains sizes
//! and numbers of instructions, which hardly vary, but no times.

use crate::Failure;
use crate::table::count;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The maximum increase over the baseline, in percent.
pub const TOLERANCE_PERCENT: u64 = 5;

const HEADING: &str = "\
# Size and start of each function. `.ci/run lean` fails if a value grows by more than 5 %. After an accepted growth or an
# improvement, write the new values with `--renew` of the benchmarks `size` and `start`.

";

/// The measured values of each function, by name.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Baseline(BTreeMap<String, BTreeMap<String, u64>>);

impl Baseline {
    /// Reads the committed baseline.
    pub fn read() -> Result<Self, Failure> {
        Ok(toml::from_str(&std::fs::read_to_string(path())?)?)
    }

    /// Replaces the committed baseline.
    pub fn write(&self) -> Result<(), Failure> {
        Ok(std::fs::write(path(), format!("{HEADING}{}", toml::to_string(self)?))?)
    }

    /// Sets the value of `measure` for `function`.
    pub fn set(&mut self, function: &str, measure: &str, measured: u64) {
        self.0.entry(function.to_owned()).or_default().insert(measure.to_owned(), measured);
    }

    /// The fault if `measured` exceeds the baseline, or if there is no baseline; `None` if there is no fault.
    pub fn fault(&self, function: &str, measure: &str, measured: u64) -> Option<String> {
        let known = self.0.get(function).and_then(|measures| measures.get(measure));
        let Some(&baseline) = known else {
            return Some(format!("{function}: no baseline for its {measure}, {} now", count(measured)));
        };
        // In hundredths, to avoid rounding.
        let is_too_much =
            u128::from(measured) * 100 > u128::from(baseline) * u128::from(100 + TOLERANCE_PERCENT);
        is_too_much.then(|| {
            let (measured, baseline) = (count(measured), count(baseline));
            format!("{function}: {measured} {measure}, more than {TOLERANCE_PERCENT} % over {baseline}")
        })
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_more_is_accepted_and_anything_above_is_not() {
        let mut baseline = Baseline::default();
        baseline.set("xray-insights", "bytes", 4_000_000);
        for (measured, expected) in [
            (0, None),
            (4_000_000, None),
            (4_200_000, None),
            (4_200_001, Some("xray-insights: 4,200,001 bytes, more than 5 % over 4,000,000")),
            (u64::MAX, Some("xray-insights: 18,446,744,073,709,551,615 bytes, more than 5 % over 4,000,000")),
        ] {
            assert_eq!(baseline.fault("xray-insights", "bytes", measured).as_deref(), expected);
        }
    }

    #[test]
    fn a_measure_without_a_baseline_is_a_fault() {
        let mut baseline = Baseline::default();
        baseline.set("xray-insights", "bytes", 1);
        for (function, measure) in [("xray-insights", "instructions"), ("new-insights", "bytes")] {
            let fault = baseline.fault(function, measure, 1_000);
            assert_eq!(fault, Some(format!("{function}: no baseline for its {measure}, 1,000 now")));
        }
    }

    #[test]
    fn the_committed_baseline_has_every_measure_of_every_function() {
        let baseline = Baseline::read().unwrap();
        let measures = ["bytes", "instructions", "zipped bytes"];
        let expected: BTreeMap<&str, Vec<&str>> =
            crate::functions().map(|name| (name, measures.to_vec())).collect();
        let found: BTreeMap<&str, Vec<&str>> = baseline
            .0
            .iter()
            .map(|(name, measures)| (name.as_str(), measures.keys().map(String::as_str).collect()))
            .collect();
        assert_eq!(found, expected);
        let again: Baseline =
            toml::from_str(&format!("{HEADING}{}", toml::to_string(&baseline).unwrap())).unwrap();
        assert_eq!(again, baseline);
    }
}
