//! The configuration that all functions share, from the environment. What is a function's own, the function reads.

use crate::environment::Environment;
use crate::fields::Faults;
use crate::record::Source;
use crate::target::{self, Target};
use serde_json::Value;
use std::collections::BTreeMap;

/// Every operation that a function calls and `RATE_LIMITS` may name.
const OPERATIONS: &[&str] = &[
    "GetGroups",
    "GetInsightSummaries",
    "GetInsight",
    "GetInsightEvents",
    "GetInsightImpactGraph",
    "LookupEvents",
    "DescribeTrails",
    "GetInsightSelectors",
    "ListInsightsData",
    "ListInsightsMetricData",
    "GetAccountStatus",
    "GetInsights",
    "ListAssessments",
    "GetInsightsByAssessment",
    "ListControlDomainInsights",
    "ListControlDomainInsightsByAssessment",
    "ListControlInsightsByControlDomain",
    "ListAssessmentControlInsightsByControlDomain",
];

/// Calls a second per account and region, by operation; 0 is unpaced.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimits(BTreeMap<String, f64>);

impl Default for RateLimits {
    fn default() -> Self {
        // LookupEvents and ListInsightsData: two a second per account and region, shared with every other caller.
        // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
        let limits = [("LookupEvents", 2.0), ("ListInsightsData", 2.0), ("default", 10.0)];
        Self(limits.into_iter().map(|(name, rate)| (name.to_owned(), rate)).collect())
    }
}

impl RateLimits {
    /// Calls a second for `operation`, or `None` if it is unpaced.
    pub fn of(&self, operation: &str) -> Option<f64> {
        let rate = self.0.get(operation).or_else(|| self.0.get("default")).copied();
        rate.filter(|rate| *rate > 0.0)
    }
}

/// What every function is told by its environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `TABLE_NAME`.
    pub table_name: String,
    /// `RETENTION_DAYS`; 0 keeps for ever.
    pub retention_days: i64,
    /// `LOOKBACK_DAYS`: how far the first run of a target reaches back.
    pub lookback_days: i64,
    /// `TARGETS`; `None` is the own account in the own region.
    pub targets: Option<Vec<Target>>,
    /// `OVERLAP_MINUTES`: how far behind the watermark a run looks again for late data.
    pub overlap_minutes: i64,
    /// `RATE_LIMITS` laid over the defaults.
    pub rate_limits: RateLimits,
    /// `CONCURRENCY`: calls under way at once per target.
    pub concurrency: usize,
    /// `AWS_REGION`: the region that the function runs in.
    pub own_region: String,
    /// Whether `sam local` runs the function, which invents the account in its ARN.
    pub is_sam_local: bool,
}

impl Settings {
    /// Reads them for the function of `source`; every fault goes into `faults`.
    pub fn read(environment: &Environment, source: Source, faults: &mut Faults) -> Self {
        let table_name = environment.get("TABLE_NAME").unwrap_or_default().to_owned();
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if table_name.is_empty() {
            faults.add("TABLE_NAME", "", "is required: the name of the DynamoDB table");
        } else if !(3..=255).contains(&table_name.len()) || !table_name.bytes().all(named) {
            faults.add(
                "TABLE_NAME",
                &table_name,
                "must be 3 to 255 letters, digits, dots, hyphens or underscores",
            );
        }
        let own_region = environment
            .get("AWS_REGION")
            .or_else(|| environment.get("AWS_DEFAULT_REGION"))
            .unwrap_or_default();
        if own_region.is_empty() {
            faults.add("AWS_REGION", "", "is required: Lambda sets it, elsewhere set it yourself");
        }
        let (retention, longest_lookback) = match source {
            Source::Xray => (400, 30),
            Source::Cloudtrail => (400, 90),
            Source::Auditmanager => (2557, 1),
        };
        let lookback_days = if source == Source::Auditmanager {
            longest_lookback // Audit Manager has no past to look back at.
        } else {
            integer(environment, "LOOKBACK_DAYS", longest_lookback, 1..=longest_lookback, faults)
        };
        let concurrency = integer(environment, "CONCURRENCY", 8, 1..=256, faults);
        Self {
            table_name,
            retention_days: integer(environment, "RETENTION_DAYS", retention, 0..=36_500, faults),
            lookback_days,
            targets: targets(environment, own_region, faults),
            overlap_minutes: integer(environment, "OVERLAP_MINUTES", 360, 0..=43_200, faults),
            rate_limits: rate_limits(environment, concurrency, faults),
            concurrency: usize::try_from(concurrency).unwrap_or(1),
            own_region: own_region.to_owned(),
            is_sam_local: environment.get("AWS_SAM_LOCAL").is_some(),
        }
    }
}

/// A whole-number variable within `range`.
pub fn integer(
    environment: &Environment,
    name: &str,
    default: i64,
    range: std::ops::RangeInclusive<i64>,
    faults: &mut Faults,
) -> i64 {
    let Some(text) = environment.get(name) else { return default };
    match text.parse() {
        Ok(value) if range.contains(&value) => value,
        _ => {
            faults.add(
                name,
                text,
                format!("must be a whole number from {} to {}", range.start(), range.end()),
            );
            default
        }
    }
}

/// A variable that holds JSON.
pub fn json(environment: &Environment, name: &str, faults: &mut Faults) -> Option<Value> {
    let text = environment.get(name)?;
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            faults.add(name, text, format!("must be JSON: {error}"));
            None
        }
    }
}

fn targets(environment: &Environment, own_region: &str, faults: &mut Faults) -> Option<Vec<Target>> {
    let value = json(environment, "TARGETS", faults)?;
    Some(target::parse_targets(value, "TARGETS", own_region, faults))
}

/// The longest that a call may wait for its turn, in seconds, since its time is running (`aws/mod.rs`).
const LONGEST_WAIT: i64 = 100;
/// The lowest rate of all.
const LOWEST_RATE: f64 = 0.001;
/// What is asked page by page, so that no call waits for others.
const ONE_BY_ONE: [&str; 2] = ["LookupEvents", "ListInsightsData"];

/// The lowest rate of `operation` at which the last of the calls under way at once does not wait too long.
#[expect(clippy::cast_precision_loss, reason = "at most 256")]
fn lowest_rate(operation: &str, concurrency: i64) -> f64 {
    if ONE_BY_ONE.contains(&operation) {
        return LOWEST_RATE;
    }
    (concurrency as f64 / LONGEST_WAIT as f64).max(LOWEST_RATE)
}

fn rate_limits(environment: &Environment, concurrency: i64, faults: &mut Faults) -> RateLimits {
    let mut limits = RateLimits::default();
    let Some(value) = json(environment, "RATE_LIMITS", faults) else { return limits };
    let Value::Object(members) = value else {
        faults.add("RATE_LIMITS", value, "must be an object of operation and calls a second");
        return limits;
    };
    for (operation, rate) in members {
        let field = format!("RATE_LIMITS.{operation}");
        if operation != "default" && !OPERATIONS.contains(&operation.as_str()) {
            faults.add(
                field,
                rate,
                format!("unknown operation; known are default, {}", OPERATIONS.join(", ")),
            );
            continue;
        }
        let lowest = lowest_rate(&operation, concurrency);
        let given = rate.as_f64().filter(|rate| *rate == 0.0 || (lowest..=10_000.0).contains(rate));
        if let Some(rate) = given {
            limits.0.insert(operation, rate);
        } else {
            let rule = format!(
                "must be 0 (unpaced) or from {lowest} to 10000 calls a second with CONCURRENCY {concurrency}"
            );
            faults.add(field, rate, rule);
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Source, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let mut faults = Faults::default();
        let environment = variables.iter().copied().collect();
        let settings = Settings::read(&environment, source, &mut faults);
        faults.or(settings).map_err(|faults| faults.to_string())
    }

    const REQUIRED: [(&str, &str); 2] = [("TABLE_NAME", "insights"), ("AWS_REGION", "eu-west-1")];

    #[test]
    fn defaults_are_those_of_the_contract() {
        for (source, retention, lookback) in
            [(Source::Xray, 400, 30), (Source::Cloudtrail, 400, 90), (Source::Auditmanager, 2557, 1)]
        {
            let settings = read(source, &REQUIRED).unwrap();
            assert_eq!((settings.retention_days, settings.lookback_days), (retention, lookback), "{source}");
            assert_eq!((settings.overlap_minutes, settings.concurrency), (360, 8));
            assert_eq!(settings.rate_limits.of("LookupEvents"), Some(2.0));
            assert_eq!(settings.rate_limits.of("GetInsight"), Some(10.0));
            assert!(settings.targets.is_none());
        }
    }

    #[test]
    fn a_rate_at_which_calls_would_wait_longer_than_their_time_is_refused() {
        let told = |rates: &str, concurrency: &str| {
            let mut faults = Faults::default();
            let variables =
                [("TABLE_NAME", "insights"), ("RATE_LIMITS", rates), ("CONCURRENCY", concurrency)];
            let environment = variables.into_iter().chain([("AWS_REGION", "eu-west-1")]).collect();
            Settings::read(&environment, Source::Xray, &mut faults);
            faults.to_string()
        };
        assert_eq!(told(r#"{"GetInsight":0.08,"default":0}"#, "8"), "");
        assert!(
            told(r#"{"GetInsight":0.05}"#, "8")
                .contains("from 0.08 to 10000 calls a second with CONCURRENCY 8")
        );
        assert_eq!(told(r#"{"GetInsight":0.05}"#, "5"), "");
        assert!(told(r#"{"default":2}"#, "256").contains("RATE_LIMITS.default"));
        assert_eq!(
            told(r#"{"LookupEvents":0.001,"ListInsightsData":2}"#, "256"),
            "",
            "these come one by one"
        );
    }

    #[test]
    fn given_rates_are_laid_over_the_defaults_and_zero_is_unpaced() {
        let limits = ("RATE_LIMITS", r#"{"GetInsight":0,"default":5}"#);
        let settings = read(Source::Xray, &[REQUIRED[0], REQUIRED[1], limits]).unwrap();
        assert_eq!(settings.rate_limits.of("GetInsight"), None);
        assert_eq!(settings.rate_limits.of("GetGroups"), Some(5.0));
        assert_eq!(settings.rate_limits.of("LookupEvents"), Some(2.0));
    }

    #[test]
    fn every_wrong_variable_is_reported_at_once() {
        let text = read(
            Source::Xray,
            &[
                ("RETENTION_DAYS", "-1"),
                ("LOOKBACK_DAYS", "31"),
                ("OVERLAP_MINUTES", "soon"),
                ("CONCURRENCY", "0"),
                ("RATE_LIMITS", r#"{"GetInsigths":1,"default":"x"}"#),
                ("TARGETS", "[{}"),
            ],
        )
        .unwrap_err();
        for expected in [
            "TABLE_NAME: is required",
            "AWS_REGION: is required",
            "RETENTION_DAYS is -1: must be a whole number from 0 to 36500",
            "LOOKBACK_DAYS is 31: must be a whole number from 1 to 30",
            "OVERLAP_MINUTES is soon",
            "CONCURRENCY is 0",
            "RATE_LIMITS.GetInsigths is 1: unknown operation",
            "RATE_LIMITS.default is \"x\"",
            "TARGETS is [{}: must be JSON",
        ] {
            assert!(text.contains(expected), "{expected} not in {text}");
        }
    }
}
