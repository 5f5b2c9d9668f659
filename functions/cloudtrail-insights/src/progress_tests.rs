//! Tests of a series' row after a run: the covered spans, and where the next run continues.

use super::*;
use crate::window::Request;
use insights_shared::catalog::{Rejection, Unavailable};
use insights_shared::completeness::Completeness;
use insights_shared::record::Stored;
use insights_shared::value::{Map, Value};

const NOW: &str = "2026-03-20T22:27:13Z";

/// The requests if both clocks agree.
fn requests(from: Timestamp, until: Timestamp, period: i64, now: Timestamp) -> Vec<Request> {
    crate::window::requests(from, until, period, now, now)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A stored row; `covered` is JSON.
fn row(covered: &str, watermark: Option<&str>) -> CatalogRow {
    let mut item = Map::from([("covered".into(), Value::from_json(covered).unwrap())]);
    if let Some(watermark) = watermark {
        item.insert("watermark".into(), watermark.into());
    }
    CatalogRow::from_stored(Stored(item))
}

fn progress(requests: &[Request], stored: usize) -> Progress {
    let is_complete = stored == requests.len();
    let stopped_at = requests.get(stored).map(|request| request.start);
    Progress {
        stored: requests[..stored].to_vec(),
        stopped_at,
        completeness: Completeness::of(is_complete),
        ..Progress::default()
    }
}

fn position(row: &CatalogRow, target: Option<&str>, lookback: &str) -> Position {
    let target = target.map(at);
    let revision = row.revision().map(str::to_owned);
    Position {
        revision,
        reached: row.watermark.or(target).unwrap_or(at(lookback)),
        own: row.watermark,
        target,
    }
}

#[track_caller]
fn says(row: &CatalogRow, covered: &str, watermark: Option<&str>) {
    assert_eq!(row.covered.to_value(), Value::from_json(covered).unwrap());
    assert_eq!(row.watermark, watermark.map(at));
}

/// 90 days at 300 s: first the coarse request up to the chunk in which the fine data begins, then the fine request.
fn first_requests() -> Vec<Request> {
    let requests = requests(at("2025-12-20T22:27:13Z"), at(NOW), 300, at(NOW));
    assert_eq!(requests.len(), 2);
    requests
}

const WHOLE: &str = r#"{"300":[{"from":"2026-01-16T23:00:00.000Z"}],
    "3600":[{"from":"2025-12-20T23:00:00.000Z","until":"2026-01-17T00:00:00.000Z"}]}"#;

#[test]
fn a_new_series_is_covered_from_the_retention_on_and_then_follows_the_watermark() {
    let mut row = CatalogRow::behind(None, at("2025-12-20T22:27:13Z"));
    let position = position(&row, Some("2026-03-20T22:20:00Z"), NOW);
    advance(&mut row, &progress(&first_requests(), 2), &position);
    says(&row, WHOLE, None);
}

#[test]
fn the_row_of_a_series_that_follows_the_watermark_does_not_change() {
    let watermark = "2026-03-20T22:25:00Z";
    let mut row = row(WHOLE, None);
    for (target, now) in [(watermark, "2026-03-20T22:27:13Z"), (watermark, "2026-03-21T04:11:00Z")] {
        let position = position(&row, Some(target), NOW);
        let requests = requests(position.reached.plus_seconds(-6 * 3_600), at(now), 300, at(now));
        assert_eq!(requests.len(), 1);
        advance(&mut row, &progress(&requests, 1), &position);
        says(&row, WHOLE, None);
    }
}

#[test]
fn a_run_without_requests_changes_nothing() {
    let mut row = row(WHOLE, None);
    let before = row.clone();
    let position = position(&row, Some("2026-03-20T18:00:00Z"), NOW);
    // There is no overlap, and no bucket has ended since the watermark, which is between two chunk boundaries.
    let requests = requests(position.reached, at("2026-03-20T18:04:59Z"), 300, at("2026-03-20T18:04:59Z"));
    assert_eq!(requests, []);
    advance(&mut row, &progress(&requests, 0), &position);
    assert_eq!(row, before);
}

#[test]
fn a_failed_series_keeps_its_coverage_and_its_own_watermark() {
    let (watermark, now) = ("2026-03-20T22:25:00Z", "2026-03-20T23:27:13Z");
    let mut row = row(WHOLE, None);
    let position = position(&row, Some(watermark), NOW);
    let requests = requests(position.reached.plus_seconds(-6 * 3_600), at(now), 300, at(now));
    advance(&mut row, &progress(&requests, 0), &position);
    let closed = WHOLE.replace(
        r#"{"from":"2026-01-16T23:00:00.000Z"}"#,
        r#"{"from":"2026-01-16T23:00:00.000Z","until":"2026-03-20T22:25:00.000Z"}"#,
    );
    says(&row, &closed, Some(watermark));
    // The target's watermark moves on. The series continues from its own watermark, and its spans touch.
    let position = super::tests::position(&row, Some("2026-03-20T23:25:00Z"), NOW);
    assert_eq!(position.reached, at(watermark));
    let requests = super::tests::requests(position.reached.plus_seconds(-6 * 3_600), at(now), 300, at(now));
    advance(&mut row, &progress(&requests, 1), &position);
    says(&row, WHOLE, None);
}

#[test]
fn an_interrupted_first_run_continues_at_the_start_of_the_finer_period() {
    let requests = first_requests();
    // The coarse request ends at midnight. The fine request begins an hour earlier.
    assert_eq!(
        (requests[0].end, requests[1].start),
        (at("2026-01-17T00:00:00Z"), at("2026-01-16T23:00:00Z"))
    );
    let mut row = CatalogRow::behind(None, at("2025-12-20T22:27:13Z"));
    let position = position(&row, None, NOW);
    advance(&mut row, &progress(&requests, 1), &position);
    let coarse = r#"{"3600":[{"from":"2025-12-20T23:00:00.000Z","until":"2026-01-17T00:00:00.000Z"}]}"#;
    says(&row, coarse, Some("2026-01-16T23:00:00Z"));
    // The next run requests the fine span again, like the first one.
    let position = super::tests::position(&row, Some("2026-03-20T22:20:00Z"), NOW);
    let again = super::tests::requests(position.reached.plus_seconds(-6 * 3_600), at(NOW), 300, at(NOW));
    assert_eq!(again.last(), requests.last());
    let done = progress(&again, again.len());
    advance(&mut row, &done, &position);
    says(&row, WHOLE, None);
}

#[test]
fn a_long_outage_leaves_a_gap_only_outside_the_retention() {
    // Ten days: everything is available at 300 s.
    let check = |watermark: &str, overlap_hours: i64, covered: &str| {
        let mut row = row(r#"{"300":[{"from":"2025-11-01T00:00:00.000Z"}]}"#, None);
        let position = position(&row, Some(watermark), NOW);
        let requests = requests(position.reached.plus_seconds(-overlap_hours * 3_600), at(NOW), 300, at(NOW));
        advance(&mut row, &progress(&requests, requests.len()), &position);
        says(&row, covered, None);
    };
    check("2026-03-10T00:00:00Z", 6, r#"{"300":[{"from":"2025-11-01T00:00:00.000Z"}]}"#);
    // Seventy days: one week of it is available only at 3600 s.
    check(
        "2026-01-09T12:00:00Z",
        6,
        r#"{"300":[{"from":"2025-11-01T00:00:00.000Z","until":"2026-01-09T12:00:00.000Z"},
            {"from":"2026-01-16T23:00:00.000Z"}],
            "3600":[{"from":"2026-01-09T00:00:00.000Z","until":"2026-01-17T00:00:00.000Z"}]}"#,
    );
    // A hundred days: ten days are no longer available.
    check(
        "2025-12-10T12:00:00Z",
        6,
        r#"{"300":[{"from":"2025-11-01T00:00:00.000Z","until":"2025-12-10T12:00:00.000Z"},
            {"from":"2026-01-16T23:00:00.000Z"}],
            "3600":[{"from":"2025-12-20T23:00:00.000Z","until":"2026-01-17T00:00:00.000Z"}]}"#,
    );
}

#[test]
fn after_a_change_of_period_the_old_one_ends_at_the_watermark_and_the_new_one_follows_it() {
    let watermark = "2026-03-20T22:20:00Z";
    let mut row = row(r#"{"300":[{"from":"2026-01-16T23:00:00.000Z"}]}"#, None);
    let position = position(&row, Some(watermark), NOW);
    let finer = requests(position.reached.plus_seconds(-6 * 3_600), at(NOW), 60, at(NOW));
    advance(&mut row, &progress(&finer, 1), &position);
    let old = r#""300":[{"from":"2026-01-16T23:00:00.000Z","until":"2026-03-20T22:20:00.000Z"}]"#;
    says(&row, &format!(r#"{{{old},"60":[{{"from":"2026-03-20T16:00:00.000Z"}}]}}"#), None);
}

#[test]
fn at_a_coarser_period_only_buckets_that_have_ended_are_covered() {
    let watermark = "2026-03-20T22:27:00Z";
    let mut row = row(r#"{"60":[{"from":"2026-03-05T22:58:00.000Z"}]}"#, None);
    let hourly = |row: &CatalogRow, target: &str, now: &str| {
        let position = position(row, Some(target), NOW);
        (requests(position.reached.plus_seconds(-6 * 3_600), at(now), 3_600, at(now)), position)
    };
    let (requests, position) = hourly(&row, watermark, "2026-03-20T22:45:00Z");
    advance(&mut row, &progress(&requests, 1), &position);
    // An open span would extend to the watermark, but the last bucket of an hour does not.
    let old = r#""60":[{"from":"2026-03-05T22:58:00.000Z","until":"2026-03-20T22:27:00.000Z"}]"#;
    let until = r#"{"from":"2026-03-20T00:00:00.000Z","until":"2026-03-20T22:00:00.000Z"}"#;
    says(&row, &format!(r#"{{"3600":[{until}],{old}}}"#), Some(watermark));
    let (requests, position) = hourly(&row, watermark, "2026-03-20T23:10:00Z");
    advance(&mut row, &progress(&requests, 1), &position);
    says(&row, &format!(r#"{{"3600":[{{"from":"2026-03-20T00:00:00.000Z"}}],{old}}}"#), None);
}

#[test]
fn a_slower_run_does_not_remove_the_watermark_of_another_run() {
    let (watermark, behind) = ("2026-03-20T22:25:00Z", "2026-03-20T20:00:00Z");
    let seen = row(WHOLE, None);
    let position = position(&seen, Some(watermark), NOW);
    let requests = requests(position.reached.plus_seconds(-6 * 3_600), at(NOW), 300, at(NOW));
    // In the meantime, another run has failed at an earlier time of this series.
    let mut row = row(
        r#"{"300":[{"from":"2026-01-16T23:00:00.000Z","until":"2026-03-20T20:00:00.000Z"}]}"#,
        Some(behind),
    );
    advance(&mut row, &progress(&requests, 1), &position);
    let covered = r#"{"300":[{"from":"2026-01-16T23:00:00.000Z","until":"2026-03-20T22:25:00.000Z"}]}"#;
    says(&row, covered, Some(behind));
    // If both fail, the earlier time counts.
    advance(&mut row, &progress(&requests, 0), &position);
    assert_eq!(row.watermark, Some(at(behind)));
}

#[test]
fn the_earlier_of_two_watermarks_of_concurrent_runs_counts() {
    let (early, late) = ("2026-03-20T20:00:00Z", "2026-03-20T21:00:00Z");
    // The watermark that the run read, the one in the table now, how far the run came, and the result.
    for (own, now, come, left) in [
        (None, None, None, None),
        (None, None, Some(late), Some(late)),
        (Some(early), Some(early), None, None),
        (Some(early), Some(early), Some(late), Some(late)),
        (Some(early), None, Some(late), Some(late)),
        (None, Some(early), None, Some(early)),
        (None, Some(early), Some(late), Some(early)),
        (None, Some(late), Some(early), Some(early)),
    ] {
        let mut row = row(WHOLE, now);
        move_to(&mut row, come.map(at), own.map(at));
        assert_eq!(row.watermark, left.map(at), "{own:?} {now:?} {come:?}");
    }
}

#[test]
fn a_row_is_inactive_if_no_span_is_open_and_no_data_is_behind() {
    let closed = r#"{"300":[{"from":"2026-01-16T23:00:00.000Z","until":"2026-03-20T20:00:00.000Z"}]}"#;
    assert!(row(closed, None).is_inactive());
    assert!(!row(closed, Some(NOW)).is_inactive());
    assert!(!row(WHOLE, None).is_inactive());
    assert!(!CatalogRow::behind(None, at(NOW)).is_inactive(), "it is not stored yet");
}

#[test]
fn a_closed_row_expires_with_the_end_of_its_coverage() {
    let mut row = row(WHOLE, None);
    row.covered.close(at("2026-03-20T22:25:00Z"));
    let last = row.covered.last(None).unwrap();
    row.expire_after(last, 400);
    // 2026-03-20T22:25:00Z plus 400 days.
    assert_eq!(row.expires_at, Some(1_774_045_500 + 400 * 86_400));
    row.expires_at = None;
    row.expire_after(last, 0);
    assert_eq!(row.expires_at, None, "kept for ever");
}

/// The row of `WHOLE` with this revision. `unavailable` has the times since when and of the last request.
fn revised(revision: &str, unavailable: Option<(&str, &str)>) -> CatalogRow {
    let closed = r#"{"300":[{"from":"2026-01-16T23:00:00.000Z","until":"2026-03-20T16:25:00.000Z"}]}"#;
    let covered = if unavailable.is_some() { closed } else { WHOLE };
    let covered = Value::from_json(covered).unwrap();
    let mut item = Map::from([("covered".into(), covered), ("revision".into(), revision.into())]);
    if let Some((since, asked_at)) = unavailable {
        let (since, asked_at) = (at(since), at(asked_at));
        item.insert("watermark".into(), "2026-03-20T16:25:00.000Z".into());
        item.insert("unavailable".into(), Unavailable { code: "Gone".into(), since, asked_at }.to_value());
    }
    CatalogRow::from_stored(Stored(item))
}

/// The result for a series whose requests were answered or rejected at these times.
fn asked(answered_at: Option<&str>, rejected_at: Option<&str>) -> Progress {
    let rejection = rejected_at.map(|time| Rejection { code: "Gone".into(), asked_at: at(time) });
    let requests = requests(at("2026-03-20T10:25:00Z"), at(NOW), 300, at(NOW));
    let stored = if rejection.is_some() { 0 } else { requests.len() };
    Progress { answered_at: answered_at.map(at), rejection, ..progress(&requests, stored) }
}

#[test]
fn the_later_answer_of_overlapping_runs_determines_whether_a_series_is_available() {
    let watermark = "2026-03-20T16:25:00Z";
    let (early, between, late) = ("2026-03-20T22:26:00Z", "2026-03-20T22:26:30Z", "2026-03-20T22:27:00Z");
    // The row that the run read, the row in the table now, when the request was answered or rejected, and the expected times
    // of `unavailable`.
    for (read, now, answered_at, rejected_at, expected) in [
        (revised("a", None), revised("a", None), None, Some(early), Some((early, early))),
        (revised("a", None), revised("a", None), Some(early), None, None),
        // Another run has changed the row in the meantime and received an answer. The next run sends a request again.
        (revised("a", None), revised("b", None), None, Some(early), None),
        // Both runs received a rejection.
        (revised("a", None), revised("b", Some((early, early))), None, Some(late), Some((early, late))),
        (revised("a", None), revised("b", Some((late, late))), None, Some(early), Some((late, late))),
        // One run received an answer and the other a rejection.
        (revised("a", None), revised("b", Some((late, late))), Some(early), None, Some((late, late))),
        (revised("a", None), revised("b", Some((early, early))), Some(late), None, None),
        (revised("b", Some((early, early))), revised("b", Some((early, early))), Some(late), None, None),
        (
            revised("b", Some((early, early))),
            revised("c", Some((early, late))),
            Some(between),
            None,
            Some((early, late)),
        ),
    ] {
        let position = position(&read, Some(watermark), NOW);
        let is_left_behind = now.watermark.is_some() && read.watermark.is_none();
        // An unavailable series that was now fetched up to the last bucket.
        let is_resumed = read.watermark.is_some() && answered_at.is_some();
        let mut row = now;
        let about = format!("{answered_at:?} {rejected_at:?} over {:?}", row.unavailable);
        advance(&mut row, &asked(answered_at, rejected_at), &position);
        let unavailable = row.unavailable.as_ref().map(|known| (known.since, known.asked_at));
        assert_eq!(unavailable, expected.map(|(since, asked_at)| (at(since), at(asked_at))), "{about}");
        // An unavailable series never follows the target's watermark: its spans end, and it has its own watermark. The same
        // applies if another run has given it one in the meantime, until the next run.
        let is_behind = unavailable.is_some() || rejected_at.is_some() || is_left_behind;
        let stands_at = if is_resumed && is_behind { "2026-03-20T22:25:00Z" } else { watermark };
        let expected = (!is_behind, is_behind.then(|| at(stands_at)));
        assert_eq!((row.covered.is_open(), row.watermark), expected, "{about}");
    }
}
