//! The configuration that all functions share, from the environment. Each function reads its own variables itself.

use crate::descriptor::{History, Operation};
use crate::environment::Environment;
use crate::fields::Faults;
use crate::push_role::PushRole;
use crate::record::Source;
use crate::target::{self, Target};
use serde_json::Value;
use std::collections::BTreeMap;

/// The rate of an operation without a limit in `RATE_LIMITS` or in the descriptor, in requests per second.
const DEFAULT_RATE: f64 = 10.0;
/// The name in `RATE_LIMITS` for every operation that it does not name.
const DEFAULT: &str = "default";

/// The default of `NOT_ENABLED_RECHECK_HOURS`: less than a day, so that an hourly run finds an enabled source within a day, and a
/// daily run always requests it.
const RECHECK_HOURS: i64 = 23;

/// Requests per second for each account, region and operation of one source; 0 is unlimited.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimits(BTreeMap<String, f64>);

impl RateLimits {
    /// The default limits of a source.
    pub fn of_source(source: Source) -> Self {
        // Two services may have operations with the same name.
        let is_own = |operation: &&Operation| {
            operation.service == source.id || source.operation(operation.name).is_none()
        };
        let rates = insights_sources::operations().filter(is_own);
        let rates = rates.filter_map(|operation| Some((operation.name, operation.rate?)));
        let limits = rates.chain([(DEFAULT, DEFAULT_RATE)]);
        Self(limits.map(|(name, rate)| (name.to_owned(), rate)).collect())
    }

    /// Requests per second for `operation`, or `None` if it is unlimited.
    pub fn of(&self, operation: &str) -> Option<f64> {
        let rate = self.0.get(operation).or_else(|| self.0.get(DEFAULT)).copied();
        rate.filter(|rate| *rate > 0.0)
    }
}

/// The environment variables that every function reads.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `TABLE_NAME`.
    pub table_name: String,
    /// `RETENTION_DAYS`; 0 keeps records for ever.
    pub retention_days: i64,
    /// `LOOKBACK_DAYS`: how many days back the first run of a target reads.
    pub lookback_days: i64,
    /// `TARGETS`; `None` means the own account and region.
    pub targets: Option<Vec<Target>>,
    /// `PUSH_ROLE_NAME` and `PUSH_EXTERNAL_ID`; `None` if push events of other accounts are not accepted.
    pub push_role: Option<PushRole>,
    /// `OVERLAP_MINUTES`: how far before the watermark a run looks again for late data.
    pub overlap_minutes: i64,
    /// `NOT_ENABLED_RECHECK_HOURS`: how long scheduled runs skip a target in which the source was not enabled; 0 is never.
    pub not_enabled_recheck_hours: i64,
    /// `RATE_LIMITS` merged over the defaults of the source.
    pub rate_limits: RateLimits,
    /// `CONCURRENCY`: concurrent requests per target.
    pub concurrency: usize,
    /// `AWS_REGION`: the region that the function runs in.
    pub own_region: String,
    /// Whether `sam local` runs the function. Its ARN then contains a fictional account.
    pub is_sam_local: bool,
}

impl Settings {
    /// Reads the variables for the function of `source`. Adds a fault for each invalid value.
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
        let lookback_days = match source.history {
            Some(History { days }) => integer(environment, "LOOKBACK_DAYS", days, 1..=days, faults),
            None => 1,
        };
        let concurrency = integer(environment, "CONCURRENCY", 8, 1..=256, faults);
        Self {
            table_name,
            retention_days: integer(environment, "RETENTION_DAYS", source.retention_days, 0..=36_500, faults),
            lookback_days,
            targets: targets(environment, own_region, faults),
            push_role: PushRole::read(environment, source, faults),
            overlap_minutes: integer(environment, "OVERLAP_MINUTES", 360, 0..=43_200, faults),
            not_enabled_recheck_hours: integer(
                environment,
                "NOT_ENABLED_RECHECK_HOURS",
                RECHECK_HOURS,
                0..=168,
                faults,
            ),
            rate_limits: rate_limits(environment, source, concurrency, faults),
            concurrency: usize::try_from(concurrency).unwrap_or(1),
            own_region: own_region.to_owned(),
            is_sam_local: environment.get("AWS_SAM_LOCAL").is_some(),
        }
    }
}

/// Reads an integer variable within `range`.
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

/// Reads a variable that contains JSON.
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

/// The maximum time that a call may wait for the rate limit, in seconds. It must be below the time limit of a call
/// (`aws/mod.rs`).
const LONGEST_WAIT: i64 = 100;
/// The lowest rate that can be configured, in requests per second.
const LOWEST_RATE: f64 = 0.001;
/// The lowest rate, in requests per second, at which the last of the concurrent requests does not wait longer than
/// [`LONGEST_WAIT`].
#[expect(clippy::cast_precision_loss, reason = "at most 256")]
fn lowest_rate(is_sequential: bool, concurrency: i64) -> f64 {
    if is_sequential { LOWEST_RATE } else { (concurrency as f64 / LONGEST_WAIT as f64).max(LOWEST_RATE) }
}

/// Reads `RATE_LIMITS`. It may name operations of every source, so that all functions can have the same value. An operation
/// is named alone, or as `service:Operation` if several services have an operation with this name.
fn rate_limits(
    environment: &Environment,
    source: Source,
    concurrency: i64,
    faults: &mut Faults,
) -> RateLimits {
    let mut limits = RateLimits::of_source(source);
    let Some(value) = json(environment, "RATE_LIMITS", faults) else { return limits };
    let Value::Object(members) = value else {
        faults.add("RATE_LIMITS", value, "must be an object of operation names and requests per second");
        return limits;
    };
    // A name with its service is applied last, so that it takes precedence.
    let mut members: Vec<(String, Value)> = members.into_iter().collect();
    members.sort_by_key(|(name, _)| name.contains(':'));
    for (name, rate) in members {
        let field = format!("RATE_LIMITS.{name}");
        let meant = operations_named(&name);
        if name != DEFAULT && meant.is_empty() {
            let known: Vec<&str> = insights_sources::operations().map(|operation| operation.name).collect();
            let rule = format!("unknown operation; known are {DEFAULT}, {}", known.join(", "));
            faults.add(field, rate, rule);
            continue;
        }
        let is_sequential = !meant.is_empty() && meant.iter().all(|operation| operation.is_sequential);
        let lowest = lowest_rate(is_sequential, concurrency);
        let given = rate.as_f64().filter(|rate| *rate == 0.0 || (lowest..=10_000.0).contains(rate));
        let Some(given) = given else {
            let rule = format!(
                "must be 0 (unlimited) or from {lowest} to 10000 requests per second with CONCURRENCY {concurrency}"
            );
            faults.add(field, rate, rule);
            continue;
        };
        if name == DEFAULT {
            limits.0.insert(name, given);
        } else if let Some(operation) = meant.iter().find(|operation| source.operations.contains(operation)) {
            limits.0.insert(operation.name.to_owned(), given);
        }
    }
    limits
}

/// The operations with this name: all of them, or the one of `service:Operation`.
fn operations_named(name: &str) -> Vec<&'static Operation> {
    let named = |operation: &&Operation| match name.split_once(':') {
        Some((service, name)) => operation.service == service && operation.name == name,
        None => operation.name == name,
    };
    insights_sources::operations().filter(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_sources::auditmanager;
    use insights_sources::cloudtrail;
    use insights_sources::xray;

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
            [(xray::SOURCE, 400, 30), (cloudtrail::SOURCE, 400, 90), (auditmanager::SOURCE, 2557, 1)]
        {
            let settings = read(source, &REQUIRED).unwrap();
            assert_eq!((settings.retention_days, settings.lookback_days), (retention, lookback), "{source}");
            assert_eq!((settings.overlap_minutes, settings.concurrency), (360, 8));
            assert_eq!((settings.not_enabled_recheck_hours, settings.push_role), (23, None));
            assert_eq!(settings.rate_limits.of("LookupEvents"), Some(2.0));
            assert_eq!(settings.rate_limits.of("GetInsight"), Some(10.0));
            assert!(settings.targets.is_none());
        }
    }

    #[test]
    fn a_rate_at_which_calls_would_exceed_their_time_limit_is_rejected() {
        let faults = |rates: &str, concurrency: &str| {
            let mut faults = Faults::default();
            let variables =
                [("TABLE_NAME", "insights"), ("RATE_LIMITS", rates), ("CONCURRENCY", concurrency)];
            let environment = variables.into_iter().chain([("AWS_REGION", "eu-west-1")]).collect();
            Settings::read(&environment, xray::SOURCE, &mut faults);
            faults.to_string()
        };
        assert_eq!(faults(r#"{"GetInsight":0.08,"default":0}"#, "8"), "");
        assert!(
            faults(r#"{"GetInsight":0.05}"#, "8")
                .contains("from 0.08 to 10000 requests per second with CONCURRENCY 8")
        );
        assert_eq!(faults(r#"{"GetInsight":0.05}"#, "5"), "");
        assert!(faults(r#"{"default":2}"#, "256").contains("RATE_LIMITS.default"));
        assert_eq!(
            faults(r#"{"LookupEvents":0.001,"ListInsightsData":2}"#, "256"),
            "",
            "these come one by one"
        );
    }

    #[test]
    fn configured_rates_replace_the_defaults_and_zero_is_unlimited() {
        let limits = ("RATE_LIMITS", r#"{"GetInsight":0,"default":5}"#);
        let settings = read(xray::SOURCE, &[REQUIRED[0], REQUIRED[1], limits]).unwrap();
        assert_eq!(settings.rate_limits.of("GetInsight"), None);
        assert_eq!(settings.rate_limits.of("GetGroups"), Some(5.0));
        assert_eq!(settings.rate_limits.of("LookupEvents"), Some(2.0));
    }

    #[test]
    fn a_rate_with_a_service_takes_precedence_over_one_without() {
        let limits = r#"{"auditmanager:GetInsights":3,"GetInsights":1,"xray:GetInsight":4}"#;
        let read = |source| read(source, &[REQUIRED[0], REQUIRED[1], ("RATE_LIMITS", limits)]);
        let (own, other) = (read(auditmanager::SOURCE).unwrap(), read(xray::SOURCE).unwrap());
        assert_eq!(own.rate_limits.of("GetInsights"), Some(3.0));
        assert_eq!(own.rate_limits.of("GetInsight"), Some(10.0), "an operation of another service");
        assert_eq!(other.rate_limits.of("GetInsight"), Some(4.0));
        let wrong = [REQUIRED[0], REQUIRED[1], ("RATE_LIMITS", r#"{"xray:GetInsights":1}"#)];
        let text = super::tests::read(xray::SOURCE, &wrong).unwrap_err();
        assert!(text.contains("RATE_LIMITS.xray:GetInsights is 1: unknown operation"), "{text}");
    }

    #[test]
    fn every_invalid_variable_is_reported_at_once() {
        let text = read(
            xray::SOURCE,
            &[
                ("RETENTION_DAYS", "-1"),
                ("LOOKBACK_DAYS", "31"),
                ("OVERLAP_MINUTES", "soon"),
                ("CONCURRENCY", "0"),
                ("NOT_ENABLED_RECHECK_HOURS", "169"),
                ("PUSH_ROLE_NAME", "arn:aws:iam::111122223333:role/r"),
                ("PUSH_EXTERNAL_ID", "x"),
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
            "NOT_ENABLED_RECHECK_HOURS is 169: must be a whole number from 0 to 168",
            "PUSH_ROLE_NAME is arn:aws:iam::111122223333:role/r: must be the name of an IAM role",
            "PUSH_EXTERNAL_ID is (not shown): must be 2 to 1224",
            "RATE_LIMITS.GetInsigths is 1: unknown operation",
            "RATE_LIMITS.default is \"x\"",
            "TARGETS is [{}: must be JSON",
        ] {
            assert!(text.contains(expected), "{expected} not in {text}");
        }
    }
}
