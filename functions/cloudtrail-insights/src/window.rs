//! Determines which time spans of a series are requested, and at which period: whole chunks, at the finest period that
//! CloudTrail still has. No I/O.

use insights_shared::time::{DAY_SECONDS, Timestamp};

/// CloudTrail's periods in seconds, finest first, each with the number of days that CloudTrail keeps it.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListInsightsMetricData.html>
const PERIODS: [(i64, i64); 3] = [(60, 15), (300, 63), (3_600, 90)];
/// The distance of requests from the end of CloudTrail's retention, in seconds: its clock decides, and a request may wait.
const MARGIN_SECONDS: i64 = 30 * 60;
/// The number of days that CloudTrail keeps insight events and the coarsest points.
pub const REACH_DAYS: i64 = 90;

/// A time span of a series at one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Seconds between two points.
    pub period: i64,
    /// The start of the first bucket.
    pub start: Timestamp,
    /// The first instant after the last bucket.
    pub end: Timestamp,
}

impl Request {
    /// More points than a response can have: twice the number of buckets.
    pub fn most_points(&self) -> usize {
        let buckets = self.end.seconds().saturating_sub(self.start.seconds()) / self.period.max(1) + 1;
        usize::try_from(buckets).unwrap_or_default().saturating_mul(2)
    }
}

/// The length of a chunk in seconds, for points that are `period` seconds apart.
pub fn chunk_seconds(period: i64) -> i64 {
    match period {
        60 => 3_600,
        300 => 6 * 3_600,
        _ => DAY_SECONDS,
    }
}

/// The requests for everything from `from` to `until`, oldest first. `period` is the finest period to use, in seconds.
///
/// Spans are extended to whole chunks, so that a chunk always comes from one response. If a span begins before the retention
/// of a period, its start moves to half an hour after the beginning of the retention. The part before that is requested at
/// the next coarser period, up to the end of the chunk in which the finer data begins, so that there is no gap. `now`
/// determines the retention. Buckets that have not ended at `limit`, the earlier of the two clocks, are not requested.
pub fn requests(
    from: Timestamp,
    until: Timestamp,
    period: i64,
    now: Timestamp,
    limit: Timestamp,
) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut finer_start: Option<Timestamp> = None;
    for (period, days) in PERIODS.into_iter().filter(|(known, _)| *known >= period) {
        let chunk = chunk_seconds(period);
        let cut_off = now.plus_seconds(-days * DAY_SECONDS);
        let mut start = from.floor(chunk);
        if start < cut_off {
            start = cut_off.plus_seconds(MARGIN_SECONDS).ceil(period);
        }
        let finer_begins = finer_start.map_or(limit, |start| start.ceil(chunk));
        let end = until.ceil(chunk).min(finer_begins).min(limit.floor(period));
        if start < end {
            requests.push(Request { period, start, end });
        }
        if start <= from {
            break;
        }
        finer_start = Some(start);
    }
    requests.reverse();
    requests
}

/// The last whole hour before `limit`: a range that CloudTrail accepts at every period, even if a clock is wrong by hours.
pub fn valid_span(limit: Timestamp) -> (Timestamp, Timestamp) {
    const HOUR: i64 = 3_600;
    let end = limit.floor(HOUR);
    (end.plus_seconds(-HOUR), end)
}

/// The pieces into which a long span is divided, oldest first. The first piece is one day, and each next one is twice as
/// long. A short invocation therefore makes progress, and a long one needs few calls.
pub fn pieces(start: Timestamp, end: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut pieces = Vec::new();
    let mut from = start;
    let mut length = DAY_SECONDS;
    while from < end {
        let until = from.plus_seconds(length).min(end);
        pieces.push((from, until));
        from = until;
        length = length.saturating_mul(2);
    }
    pieces
}

/// Like [`pieces`], but returns at least one piece, even for an empty span, because late events before it are looked up.
pub fn pieces_or_one(start: Timestamp, end: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut pieces = pieces(start, end);
    if pieces.is_empty() {
        pieces.push((start, end));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Compares requests as `period start/end`, without seconds.
    fn check(from: &str, until: &str, period: i64, now: &str, expected: &[&str]) {
        let short = |timestamp: Timestamp| timestamp.to_string()[..16].to_owned();
        let actual: Vec<String> = requests(time(from), time(until), period, time(now), time(now))
            .into_iter()
            .map(|request| format!("{} {}/{}", request.period, short(request.start), short(request.end)))
            .collect();
        assert_eq!(actual, expected, "{from} to {until} at {period}, now {now}");
    }

    #[test]
    fn a_recent_span_is_extended_to_whole_chunks_and_ends_with_the_last_complete_bucket() {
        let now = "2026-03-20T22:27:13Z";
        check(now, now, 60, now, &["60 2026-03-20T22:00/2026-03-20T22:27"]);
        check(now, now, 300, now, &["300 2026-03-20T18:00/2026-03-20T22:25"]);
        check(now, now, 3_600, now, &["3600 2026-03-20T00:00/2026-03-20T22:00"]);
        let (from, until) = ("2026-03-20T13:00:00Z", "2026-03-20T14:00:00Z");
        check(from, until, 300, now, &["300 2026-03-20T12:00/2026-03-20T18:00"]);
        check(
            "2026-03-20T12:00:00Z",
            "2026-03-20T18:00:00Z",
            300,
            now,
            &["300 2026-03-20T12:00/2026-03-20T18:00"],
        );
    }

    #[test]
    fn older_data_is_requested_at_the_next_coarser_period_oldest_first() {
        // The starts of the retention: 15 days 2026-03-05T22:27:13, 63 days 2026-01-16T22:27:13, 90 days 2025-12-20T22:27:13.
        let now = "2026-03-20T22:27:13Z";
        let finest = "60 2026-03-05T22:58/2026-03-20T22:27";
        let middle = "300 2026-01-16T23:00/2026-03-06T00:00";
        let coarsest = "3600 2025-12-20T23:00/2026-01-17T00:00";
        check("2025-12-20T22:27:13Z", now, 60, now, &[coarsest, middle, finest]);
        let middle_only = "300 2026-01-16T23:00/2026-03-20T22:25";
        check("2025-12-20T22:27:13Z", now, 300, now, &[coarsest, middle_only]);
        check("2025-12-20T22:27:13Z", now, 3_600, now, &["3600 2025-12-20T23:00/2026-03-20T22:00"]);
    }

    #[test]
    fn a_start_in_a_chunk_that_begins_before_the_retention_moves_into_it() {
        let now = "2026-03-20T22:27:13Z";
        // The start is in the chunk with the limit of 15 days: the finer start moves, and the coarser period fills the gap.
        let expected = ["300 2026-03-05T18:00/2026-03-06T00:00", "60 2026-03-05T22:58/2026-03-05T23:00"];
        check("2026-03-05T22:40:00Z", "2026-03-05T22:50:00Z", 60, now, &expected);
        check("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", 300, now, &[]);
    }

    #[test]
    fn there_is_no_gap_between_two_periods_if_the_retention_begins_at_a_chunk() {
        // The limits are at 23:45. Half an hour later is another chunk of the coarser period.
        let now = "2026-03-20T23:45:00Z";
        let coarsest = "3600 2025-12-21T01:00/2026-01-18T00:00";
        check("2025-12-20T00:00:00Z", now, 300, now, &[coarsest, "300 2026-01-17T00:15/2026-03-20T23:45"]);
        let middle = "300 2026-01-17T00:15/2026-03-06T06:00";
        check(
            "2025-12-20T00:00:00Z",
            now,
            60,
            now,
            &[coarsest, middle, "60 2026-03-06T00:15/2026-03-20T23:45"],
        );
        // One hour later, the finer period begins at the end of the coarse chunk, so no further coarse chunk is needed.
        let expected = ["300 2026-03-05T18:00/2026-03-06T00:00", "60 2026-03-06T00:00/2026-03-06T01:00"];
        check("2026-03-05T20:00:00Z", "2026-03-06T00:30:00Z", 60, "2026-03-20T23:30:00Z", &expected);
    }

    #[test]
    fn pieces_cover_the_span_oldest_first_and_double() {
        let (start, end) = (time("2026-01-01T00:00:00Z"), time("2026-01-09T12:00:00Z"));
        let pieces = pieces(start, end);
        let days: Vec<i64> =
            pieces.iter().map(|(from, until)| until.millis_since(*from) / 43_200_000).collect();
        assert_eq!(days, [2, 4, 8, 3], "in half days");
        assert_eq!((pieces[0].0, pieces[3].1), (start, end));
        assert!(pieces.windows(2).all(|pair| pair[0].1 == pair[1].0));
    }

    #[test]
    fn the_retention_depends_on_the_time_of_the_service() {
        let (now, limit) = (time("2026-03-20T12:00:00Z"), time("2026-03-20T10:00:00Z"));
        let requests = requests(time("2025-12-01T00:00:00Z"), limit, 300, now, limit);
        // 90 days before 12:00 plus half an hour, rounded up to full hours. CloudTrail would reject a request two hours
        // earlier.
        assert_eq!(requests.first().map(|request| request.start), Some(time("2025-12-20T13:00:00Z")));
        assert_eq!(requests.last().map(|request| request.end), Some(limit));
    }
}
