//! The function's own variables: `CLOUDTRAIL_PERIOD`, `CLOUDTRAIL_SERIES`, and those that `redact.rs` reads.

use crate::redact::Redact;
use insights_shared::config;
use insights_shared::environment::Environment;
use insights_shared::fields::{Faults, Fields};
use insights_shared::series::SeriesKey;
use serde_json::Value;

/// The collector of CloudTrail, with its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudtrailInsights {
    /// Seconds between the points of a series: 60, 300 or 3600. Older data is fetched at the next coarser period.
    pub period: i64,
    /// The series to fetch in addition to those that insight events name.
    pub series: Vec<SeriesKey>,
    /// Which attributions of an event are stored only as hashes.
    pub redact: Redact,
}

impl CloudtrailInsights {
    /// Reads the variables. Adds every fault to `faults`.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        let period = match environment.get("CLOUDTRAIL_PERIOD") {
            None | Some("300") => 300,
            Some("60") => 60,
            Some("3600") => 3_600,
            Some(other) => {
                faults.add("CLOUDTRAIL_PERIOD", other, "must be 60, 300 or 3600 seconds");
                300
            }
        };
        let series = config::json(environment, "CLOUDTRAIL_SERIES", faults);
        let series = series.map(|value| parse_series(value, faults)).unwrap_or_default();
        Self { period, series, redact: Redact::read(environment, faults) }
    }
}

fn parse_series(value: Value, faults: &mut Faults) -> Vec<SeriesKey> {
    let Value::Array(elements) = value else {
        let rule =
            "must be a list of objects with event_source, event_name, insight_type, error_code and trail";
        faults.add("CLOUDTRAIL_SERIES", value, rule);
        return Vec::new();
    };
    let mut all: Vec<SeriesKey> = Vec::new();
    for (index, element) in elements.into_iter().enumerate() {
        let path = format!("CLOUDTRAIL_SERIES[{index}]");
        let Some(mut fields) = Fields::new(element, &path, faults) else { continue };
        let event_source = fields.required_string("event_source");
        let event_name = fields.required_string("event_name");
        let insight_type = fields.required_string("insight_type");
        let (error_code, trail) = (fields.string("error_code"), fields.string("trail"));
        fields.finish();
        let (Some(event_source), Some(event_name), Some(insight_type)) =
            (event_source, event_name, insight_type)
        else {
            continue;
        };
        let series = SeriesKey { event_source, event_name, insight_type, error_code, trail };
        series.check(&path, faults);
        if all.contains(&series) {
            faults.add(path, &series, "must not name a series twice");
        } else {
            all.push(series);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<CloudtrailInsights, String> {
        let mut faults = Faults::default();
        let collector = CloudtrailInsights::read(&variables.iter().copied().collect(), &mut faults);
        faults.or(collector).map_err(|faults| faults.to_string())
    }

    #[test]
    fn the_default_is_five_minutes_and_no_series() {
        assert_eq!(
            read(&[]),
            Ok(CloudtrailInsights { period: 300, series: Vec::new(), redact: Redact::default() })
        );
        assert_eq!(read(&[("CLOUDTRAIL_PERIOD", "60")]).unwrap().period, 60);
    }

    #[test]
    fn every_fault_of_configured_series_is_reported() {
        let good = r#"[{"event_source":"s3.amazonaws.com","event_name":"GetObject","insight_type":"ApiErrorRateInsight",
            "error_code":"AccessDenied","trail":"arn:aws:cloudtrail:eu-west-1:123456789012:trail/data"}]"#;
        let series = read(&[("CLOUDTRAIL_SERIES", good)]).unwrap().series;
        assert_eq!(series[0].error_code.as_deref(), Some("AccessDenied"));
        let twice =
            r#"{"event_source":"s3.amazonaws.com","event_name":"X","insight_type":"ApiCallRateInsight"}"#;
        let twice = format!("[{twice},{twice}]");
        for (variable, text, expected) in [
            ("CLOUDTRAIL_PERIOD", "61", "CLOUDTRAIL_PERIOD is 61: must be 60, 300 or 3600"),
            ("CLOUDTRAIL_SERIES", "{", "must be JSON"),
            ("CLOUDTRAIL_SERIES", "{}", "must be a list"),
            ("CLOUDTRAIL_SERIES", "[{}]", "CLOUDTRAIL_SERIES[0].event_name: is required"),
            ("CLOUDTRAIL_SERIES", r#"[{"source":"x"}]"#, "CLOUDTRAIL_SERIES[0].source is \"x\": unknown key"),
            ("CLOUDTRAIL_SERIES", twice.as_str(), "CLOUDTRAIL_SERIES[1] is s3.amazonaws.com#X"),
        ] {
            let faults = read(&[(variable, text)]).unwrap_err();
            assert!(faults.contains(expected), "{text}: {faults}");
        }
    }
}
