//! The difference between the services' clocks and this machine's, by the `Date` headers of the responses of one invocation.
//!
//! The first successful response determines the time of the invocation: the machine's time, or, if the clocks differ by more
//! than a minute, the services' time. Later responses can lower the instant that is in the past by both clocks
//! ([`ServiceDates::lowest`]), because a clock may be set during a run. The SDK corrects the times of its signatures itself.
//! Deadlines use the machine's time.

use crate::time::{Clock, Timestamp};
use aws_smithy_runtime_api::http::Response;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

/// The maximum difference at which two clocks count as equal, in milliseconds.
pub const TOLERATED_MILLIS: i64 = 60_000;
/// The precision of the header, which has whole seconds, in milliseconds.
const PRECISION_MILLIS: i64 = 1_000;

/// A difference between the services' clocks and the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// The operation whose response showed it.
    pub operation: &'static str,
    /// How far the services' clocks are ahead, in milliseconds; negative if they are behind.
    pub millis: i64,
}

impl Skew {
    fn is_tolerated(&self) -> bool {
        self.millis.abs() <= TOLERATED_MILLIS
    }
}

#[derive(Debug, Default)]
struct Seen {
    /// The difference in the first successful response.
    first: Option<Skew>,
    /// The difference in the first response that does not match the time of the invocation.
    later: Option<Skew>,
    /// The lowest difference so far, at most zero.
    lowest: i64,
}

/// The machine's clock and its difference to the dates in the responses of one invocation. All clients of an invocation share
/// it.
#[derive(Debug)]
pub struct ServiceDates {
    machine: Clock,
    seen: Mutex<Seen>,
}

impl ServiceDates {
    /// Creates an instance without any responses.
    pub fn new(machine: Clock) -> Self {
        Self { machine, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Discards all responses when a new invocation begins, because the clock may have been set since.
    pub(crate) fn forget(&self) {
        *self.seen() = Seen::default();
    }

    /// Records the date of a response to `operation` that was just received. Only successful responses count, because a proxy
    /// or gateway may send errors, and only responses that do not come from a cache.
    pub(super) fn note(&self, operation: &str, response: &Response) {
        let headers = response.headers();
        if !response.status().is_success() || headers.get("age").is_some() {
            return;
        }
        let Some(date) = headers.get("date").and_then(parse) else { return };
        let millis = date.millis_since(self.machine.now());
        let millis = if millis.abs() < PRECISION_MILLIS { 0 } else { millis };
        let mut seen = self.seen();
        seen.lowest = seen.lowest.min(millis);
        let offset = applied(&seen);
        if seen.first.is_none() {
            seen.first = Some(Skew { operation: kept(operation), millis });
        } else if seen.later.is_none() && (millis - offset).abs() > TOLERATED_MILLIS {
            seen.later = Some(Skew { operation: kept(operation), millis });
        }
    }

    /// The clock of the invocation.
    pub fn clock(&self) -> Clock {
        self.machine.moved(applied(&self.seen()))
    }

    /// The machine's own clock.
    pub fn machine(&self) -> Clock {
        self.machine
    }

    /// The offset of the services' clocks in milliseconds if they are behind the machine's clock, otherwise zero. A past
    /// instant of the machine's clock plus this offset is in the past by both clocks.
    pub fn lowest(&self) -> i64 {
        self.seen().lowest
    }

    /// How far the services' clocks were ahead in the first response, in milliseconds, without a tolerance.
    pub(crate) fn measured(&self) -> i64 {
        self.seen().first.as_ref().map_or(0, |skew| skew.millis)
    }

    /// The difference to report, if any: that of the first response, or one that appeared later.
    pub fn skew(&self) -> Option<Skew> {
        let seen = self.seen();
        seen.first.filter(|skew| !skew.is_tolerated()).or(seen.later)
    }
}

/// The offset that applies for the invocation.
fn applied(seen: &Seen) -> i64 {
    seen.first.as_ref().filter(|skew| !skew.is_tolerated()).map_or(0, |skew| skew.millis)
}

/// The name of an operation with a static lifetime. There are only some dozens of names.
fn kept(operation: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(name) = names.get(operation) {
        return name;
    }
    let name: &'static str = Box::leak(operation.into());
    names.insert(name);
    name
}

/// Reads a `Date` header in any of its three forms.
/// <https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats>
fn parse(header: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(header).ok()?;
    Timestamp::from_millis(i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    /// A Tuesday.
    const NOW: &str = "2026-03-03T12:00:00.400Z";

    fn dates() -> ServiceDates {
        ServiceDates::new(Clock::Fixed(NOW.parse().unwrap()))
    }

    fn response(status: u16, headers: &[(&'static str, &str)]) -> Response {
        let mut response = Response::new(status.try_into().unwrap(), SdkBody::empty());
        for (name, value) in headers {
            response.headers_mut().insert(*name, (*value).to_owned());
        }
        response
    }

    fn noted(responses: &[(u16, &str)]) -> ServiceDates {
        let dates = dates();
        for (status, date) in responses {
            dates.note("GetGroups", &response(*status, &[("date", date)]));
        }
        dates
    }

    #[test]
    fn the_first_successful_response_determines_the_clock() {
        for (responses, clock, lowest, reported) in [
            (&[][..], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 03 Mar 2026 12:00:00 GMT")], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 03 Mar 2026 12:00:01 GMT")], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 03 Mar 2026 12:00:59 GMT")], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 03 Mar 2026 12:01:00 GMT")], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 03 Mar 2026 12:01:01 GMT")], "12:01:01.000Z", 0, Some(60_600)),
            (&[(200, "Tue, 03 Mar 2026 11:59:01 GMT")], "12:00:00.400Z", -59_400, None),
            (&[(200, "Tue, 03 Mar 2026 11:59:00 GMT")], "11:59:00.000Z", -60_400, Some(-60_400)),
            // The two other forms of the RFC.
            (&[(200, "Tuesday, 03-Mar-26 13:00:00 GMT")], "13:00:00.000Z", 0, Some(3_599_600)),
            (&[(200, "Tue Mar  3 11:00:00 2026")], "11:00:00.000Z", -3_600_400, Some(-3_600_400)),
            // Invalid dates.
            (&[(200, "")], "12:00:00.400Z", 0, None),
            (&[(200, "yesterday")], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 03 Mar 2026 13:00:00")], "12:00:00.400Z", 0, None),
            (&[(200, "Tue, 33 Mar 2026 13:00:00 GMT")], "12:00:00.400Z", 0, None),
            (&[(200, "2026-03-03T13:00:00Z")], "12:00:00.400Z", 0, None),
            (&[(200, "1772542800")], "12:00:00.400Z", 0, None),
            // Errors do not count, whoever sends them.
            (&[(403, "Tue, 03 Mar 2026 13:00:00 GMT")], "12:00:00.400Z", 0, None),
            (
                &[(503, "Tue, 03 Mar 2026 13:00:00 GMT"), (200, "Tue, 03 Mar 2026 12:00:00 GMT")],
                "12:00:00.400Z",
                0,
                None,
            ),
            // The first date that can be read.
            (
                &[
                    (200, "soon"),
                    (200, "Tue, 03 Mar 2026 13:00:00 GMT"),
                    (200, "Tue, 03 Mar 2026 13:00:00 GMT"),
                ],
                "13:00:00.000Z",
                0,
                Some(3_599_600),
            ),
            // The clock is set during the run.
            (
                &[(200, "Tue, 03 Mar 2026 12:00:00 GMT"), (200, "Tue, 03 Mar 2026 11:00:00 GMT")],
                "12:00:00.400Z",
                -3_600_400,
                Some(-3_600_400),
            ),
            (
                &[(200, "Tue, 03 Mar 2026 11:00:00 GMT"), (200, "Tue, 03 Mar 2026 12:00:00 GMT")],
                "11:00:00.000Z",
                -3_600_400,
                Some(-3_600_400),
            ),
        ] {
            let dates = noted(responses);
            assert_eq!(dates.clock().now().to_string(), format!("2026-03-03T{clock}"), "{responses:?}");
            assert_eq!(dates.lowest(), lowest, "{responses:?}");
            assert_eq!(dates.skew().map(|skew| skew.millis), reported, "{responses:?}");
        }
    }

    #[test]
    fn differences_of_years_are_measured() {
        for (date, clock) in [
            ("Mon, 03 Mar 2036 12:00:00 GMT", "2036-03-03T12:00:00.000Z"),
            ("Thu, 03 Mar 2016 12:00:00 GMT", "2016-03-03T12:00:00.000Z"),
            ("Wed, 31 Dec 1969 23:59:59 GMT", NOW),
        ] {
            assert_eq!(noted(&[(200, date)]).clock().now().to_string(), clock, "{date}");
        }
    }

    #[test]
    fn the_date_of_a_cached_response_is_ignored() {
        let dates = dates();
        let cached = response(200, &[("date", "Tue, 03 Mar 2026 09:00:00 GMT"), ("age", "10800")]);
        dates.note("GetGroups", &cached);
        assert_eq!((dates.skew(), dates.lowest()), (None, 0));
    }

    #[test]
    fn each_invocation_discards_earlier_dates() {
        let dates = noted(&[(200, "Tue, 03 Mar 2026 11:00:00 GMT")]);
        assert_eq!(dates.skew().map(|skew| skew.operation), Some("GetGroups"));
        dates.forget();
        assert_eq!((dates.skew(), dates.lowest(), dates.measured()), (None, 0, 0));
        assert_eq!(dates.clock().now(), dates.machine().now());
    }
}
