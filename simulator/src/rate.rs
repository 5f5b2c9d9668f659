//! Rate limits: one bucket of tokens for each operation, account and region, as AWS counts them. It runs on the machine's
//! steady clock, since calls take real time whatever day the scenario is told on.

use crate::operation::Service;
use std::collections::{BTreeMap, HashMap};
use tokio::time::Instant;

/// Calls a second that AWS documents as limits.
const DOCUMENTED: &[(&str, f64)] = &[("LookupEvents", 2.0), ("ListInsightsData", 2.0)];
/// Calls a second for the operations that are not documented.
const DEFAULT: f64 = 10.0;

/// The buckets so far.
#[derive(Debug, Default)]
pub(crate) struct Limits(HashMap<(String, String, String), Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Limits {
    /// Whether one more call of `operation` may pass at `now`; a call that may is counted.
    pub(crate) fn admit(
        &mut self,
        operation: &str,
        account: &str,
        region: &str,
        rate: f64,
        now: Instant,
    ) -> bool {
        let key = (operation.to_owned(), account.to_owned(), region.to_owned());
        // A second's worth at once, and a whole call where a second is worth less.
        let capacity = rate.max(1.0);
        let bucket = self.0.entry(key).or_insert(Bucket { tokens: capacity, filled_at: now });
        let gained = now.saturating_duration_since(bucket.filled_at).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + gained).min(capacity);
        bucket.filled_at = now;
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }
}

/// Calls a second that `operation` may take; `None` is as many as one likes. The scenario's own come first; of DynamoDB
/// and STS only those are limited that it names.
pub(crate) fn limit(rates: &BTreeMap<String, f64>, service: Service, operation: &str) -> Option<f64> {
    let documented = DOCUMENTED.iter().find(|(name, _)| *name == operation).map(|(_, rate)| *rate);
    let rate = match rates.get(operation) {
        Some(rate) => *rate,
        None if matches!(service, Service::Sts | Service::DynamoDb) => return None,
        None => documented.or_else(|| rates.get("default").copied()).unwrap_or(DEFAULT),
    };
    (rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_holds_a_second_and_refills_with_time() {
        let mut limits = Limits::default();
        let start = Instant::now();
        let mut admit = |millis: u64, region: &str| {
            let now = start + Duration::from_millis(millis);
            limits.admit("LookupEvents", "123456789012", region, 2.0, now)
        };
        assert_eq!([admit(0, "a"), admit(0, "a"), admit(0, "a")], [true, true, false]);
        assert!(admit(0, "b"), "another region has its own bucket");
        assert_eq!([admit(400, "a"), admit(500, "a"), admit(500, "a")], [false, true, false]);
        assert_eq!([admit(9_000, "a"), admit(9_000, "a"), admit(9_000, "a")], [true, true, false]);
    }

    #[test]
    fn the_scenario_overrides_what_is_documented() {
        let rates = BTreeMap::from([("GetInsight".to_owned(), 3.0), ("default".to_owned(), 7.0)]);
        let check = |rates: &BTreeMap<String, f64>, service, operation, expected| {
            assert_eq!(limit(rates, service, operation), expected, "{operation}");
        };
        check(&rates, Service::XRay, "GetInsight", Some(3.0));
        check(&rates, Service::XRay, "GetGroups", Some(7.0));
        check(&rates, Service::CloudTrail, "LookupEvents", Some(2.0));
        check(&BTreeMap::new(), Service::XRay, "GetGroups", Some(10.0));
        check(&rates, Service::DynamoDb, "PutItem", None);
        check(&BTreeMap::from([("LookupEvents".to_owned(), 0.0)]), Service::CloudTrail, "LookupEvents", None);
    }
}
