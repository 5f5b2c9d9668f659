//! Rate limits: one token bucket for each operation, account and region, as in AWS. Buckets refill by the runtime's clock,
//! not by the simulator's.

use crate::operation::Operation;
use crate::selector::Selector;
use crate::service::Service;
use std::collections::HashMap;
use tokio::time::Instant;

/// Calls per second of operations without another limit.
const DEFAULT: f64 = 10.0;

/// The rate limits of a scenario in calls per second; 0 is no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// The limit of operations without their own limit, in services whose operations are limited by default.
    pub default: Option<f64>,
    rates: Vec<(Selector, f64)>,
}

impl Rates {
    /// Limits each of `operations` to `rate` calls per second. A rate for an operation takes precedence over that of its
    /// service, and a service's rate over that of `*`.
    pub fn set(&mut self, operations: Selector, rate: f64) {
        self.rates.retain(|(others, _)| *others != operations);
        self.rates.push((operations, rate));
    }

    /// The limit of an operation in calls per second, if there is one.
    pub(crate) fn limit(&self, service: Service, operation: &Operation) -> Option<f64> {
        let selectors =
            [Selector::Operation(service, operation.name), Selector::Service(service), Selector::All];
        let rate = |selector: &Selector| self.rates.iter().find(|(operations, _)| operations == selector);
        let named = selectors.iter().find_map(rate).map(|(_, rate)| *rate);
        let is_limited = service.descriptor().is_limited;
        let otherwise = || is_limited.then(|| operation.rate.or(self.default).unwrap_or(DEFAULT));
        named.or_else(otherwise).filter(|rate| *rate > 0.0)
    }
}

/// The buckets of all callers.
#[derive(Debug, Default)]
pub(crate) struct Limits(HashMap<(&'static str, &'static str, String, String), Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Limits {
    /// Whether one more call of the operation is within the limit at `now`. If it is, it is counted.
    pub(crate) fn admit(
        &mut self,
        (service, operation): (Service, &'static str),
        account: &str,
        region: &str,
        rate: f64,
        now: Instant,
    ) -> bool {
        let key = (service.name(), operation, account.to_owned(), region.to_owned());
        // The bucket holds the calls of one second, and at least one call.
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
            limits.admit((crate::cloudtrail::SERVICE, "LookupEvents"), "123456789012", region, 2.0, now)
        };
        assert_eq!([admit(0, "a"), admit(0, "a"), admit(0, "a")], [true, true, false]);
        assert!(admit(0, "b"), "another region has its own bucket");
        assert_eq!([admit(400, "a"), admit(500, "a"), admit(500, "a")], [false, true, false]);
        assert_eq!([admit(9_000, "a"), admit(9_000, "a"), admit(9_000, "a")], [true, true, false]);
    }

    #[test]
    fn the_scenario_overrides_what_is_documented() {
        let rates = |rates: &[(&str, f64)], default: Option<f64>| {
            let rates = rates.iter().map(|(operations, rate)| (operations.parse().unwrap(), *rate));
            Rates { default, rates: rates.collect() }
        };
        let check = |rates: &Rates, operation: &str, expected: Option<f64>| {
            let Ok(Selector::Operation(service, name)) = operation.parse() else { panic!("{operation}") };
            assert_eq!(rates.limit(service, service.operation(name).unwrap()), expected, "{operation}");
        };
        let some = rates(&[("GetInsight", 3.0)], Some(7.0));
        check(&some, "GetInsight", Some(3.0));
        check(&some, "GetGroups", Some(7.0));
        check(&some, "LookupEvents", Some(2.0));
        check(&Rates::default(), "GetGroups", Some(10.0));
        check(&some, "PutItem", None);
        check(&rates(&[("LookupEvents", 0.0)], None), "LookupEvents", None);
        let several = rates(&[("*", 9.0), ("cloudtrail:*", 5.0), ("cloudtrail:GetTrail", 4.0)], None);
        check(&several, "GetTrail", Some(4.0));
        check(&several, "LookupEvents", Some(5.0));
        check(&several, "PutItem", Some(9.0));
    }
}
