//! A time span, and which records overlap it. No I/O.

use insights_shared::record::{Kind, Stored};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::kind_of;

/// 2019-01-01. No source has older data, so earlier days are never queried.
const FIRST_DAY: i64 = 17_897 * DAY_SECONDS;

/// The time between two instants, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub since: Timestamp,
    /// The last instant.
    pub until: Timestamp,
}

impl Span {
    /// The `seconds` before `now`.
    pub fn last(seconds: i64, now: Timestamp) -> Self {
        Self { since: now.plus_seconds(-seconds), until: now }
    }

    /// Its length in milliseconds.
    pub fn millis(self) -> i64 {
        self.until.millis_since(self.since)
    }

    /// Whether something with this start and end (`None` if it has not ended) overlaps the span.
    pub fn overlaps(self, started_at: Timestamp, ended_at: Option<Timestamp>) -> bool {
        started_at <= self.until && ended_at.is_none_or(|ended_at| ended_at >= self.since)
    }

    /// Whether an insight or a snapshot overlaps the span. A snapshot covers its whole UTC day.
    pub fn holds(self, record: &Stored) -> bool {
        let Some(started_at) = record.timestamp("started_at") else { return false };
        let is_snapshot = kind_of(record).is_some_and(Kind::is_snapshot);
        if is_snapshot {
            let day = started_at.floor(DAY_SECONDS);
            return day <= self.until && day.plus_seconds(DAY_SECONDS) > self.since;
        }
        self.overlaps(started_at, record.timestamp("ended_at"))
    }

    /// The UTC months of the span, as `YYYY-MM`, oldest first.
    pub fn months(self) -> Vec<String> {
        let mut months: Vec<String> = self.days();
        for month in &mut months {
            month.truncate(7);
        }
        months.dedup();
        months
    }

    /// The UTC days of the span, as `YYYY-MM-DD`, oldest first.
    pub fn days(self) -> Vec<String> {
        let mut days = Vec::new();
        let mut day = self.since.floor(DAY_SECONDS).max(Timestamp::from_seconds(FIRST_DAY));
        while day <= self.until {
            days.push(day.day());
            day = day.plus_seconds(DAY_SECONDS);
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn span(since: &str, until: &str) -> Span {
        Span { since: at(since), until: at(until) }
    }

    #[test]
    fn an_insight_overlaps_a_span_with_a_common_instant() {
        let noon_to_two = span("2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z");
        for (started_at, ended_at, expected) in [
            ("2026-03-01T10:00:00Z", Some("2026-03-01T11:59:59.999Z"), false),
            ("2026-03-01T10:00:00Z", Some("2026-03-01T12:00:00Z"), true),
            ("2026-03-01T10:00:00Z", Some("2026-03-01T20:00:00Z"), true),
            ("2026-03-01T13:00:00Z", Some("2026-03-01T13:01:00Z"), true),
            ("2026-03-01T14:00:00Z", Some("2026-03-01T15:00:00Z"), true),
            ("2026-03-01T14:00:00.001Z", Some("2026-03-01T15:00:00Z"), false),
            ("2025-01-01T00:00:00Z", None, true),
            ("2026-03-01T15:00:00Z", None, false),
        ] {
            assert_eq!(noon_to_two.overlaps(at(started_at), ended_at.map(at)), expected, "{started_at}");
        }
    }

    #[test]
    fn a_snapshot_covers_its_whole_day() {
        let json = r#"{"kind":"auditmanager.insights","started_at":"2026-03-01T04:00:00.000Z"}"#;
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object") };
        let snapshot = Stored(map);
        for (since, until, expected) in [
            ("2026-02-27T00:00:00Z", "2026-02-28T23:59:59Z", false),
            ("2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", true),
            ("2026-03-01T23:00:00Z", "2026-03-05T00:00:00Z", true),
            ("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z", false),
        ] {
            assert_eq!(span(since, until).holds(&snapshot), expected, "{since}");
        }
    }

    #[test]
    fn months_are_utc_months_without_duplicates() {
        let check = |since: &str, until: &str, expected: &[&str]| {
            assert_eq!(span(since, until).months(), expected, "{since} to {until}");
        };
        check("2026-02-28T23:59:59.999Z", "2026-03-01T00:00:00Z", &["2026-02", "2026-03"]);
        check("2026-03-01T00:00:00Z", "2026-03-31T23:59:59.999Z", &["2026-03"]);
        check("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", &["2024-02"]);
        check("2025-11-30T00:00:00Z", "2026-02-01T00:00:00Z", &["2025-11", "2025-12", "2026-01", "2026-02"]);
        check("0001-01-01T00:00:00Z", "2019-01-02T00:00:00Z", &["2019-01"]);
        check("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", &[]);
    }

    #[test]
    fn days_are_utc_days_since_2019() {
        assert_eq!(
            span("2026-02-27T23:59:59Z", "2026-03-01T00:00:00Z").days(),
            ["2026-02-27", "2026-02-28", "2026-03-01"]
        );
        let ages = span("0001-01-01T00:00:00Z", "2019-01-02T00:00:00Z").days();
        assert_eq!(ages, ["2019-01-01", "2019-01-02"]);
        assert_eq!(span("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z").days(), Vec::<String>::new());
    }
}
