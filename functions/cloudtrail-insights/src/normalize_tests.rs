//! The worked example of a chunk, and answers that are truncated, out of order, or contain values that the table cannot
//! store.

use super::*;
use insights_shared::validate::validate;
use insights_shared::value::Value;
use proptest::prelude::*;

const EXAMPLE_RECORD: &str = r#"{"pk":"cloudtrail#123456789012#eu-west-1#ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-",
    "sk":"metric#300#2023-11-14T18:00:00.000Z","kind":"cloudtrail.metric","schema_version":1,"source":"cloudtrail",
    "account_id":"123456789012","region":"eu-west-1","period":300,"timestamps":[1699999200,1700000100],
    "values":[0.5,12],"covered_from":"2023-11-14T18:00:00.000Z","covered_until":"2023-11-14T22:25:00.000Z",
    "started_at":"2023-11-14T18:00:00.000Z","ended_at":"2023-11-15T00:00:00.000Z",
    "updated_at":"2023-11-14T22:25:00.000Z","expires_at":1734566400,
    "detail":{"event_source":"ec2.amazonaws.com","event_name":"RunInstances","insight_type":"ApiCallRateInsight"}}"#;

fn target() -> Target {
    Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None }
}

fn series() -> SeriesKey {
    SeriesKey {
        event_source: "ec2.amazonaws.com".into(),
        event_name: "RunInstances".into(),
        insight_type: "ApiCallRateInsight".into(),
        error_code: None,
        trail: None,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The chunks of an answer, and the omitted points.
struct Cut {
    records: Vec<Record>,
    left_out: Vec<String>,
}

fn cut(period: i64, start: &str, end: &str, points: &[(i64, f64)]) -> Cut {
    let request = Request { period, start: at(start), end: at(end) };
    let (timestamps, values) = points.iter().copied().unzip();
    let (points, target) = (Points { timestamps, values }, target());
    let mut chunks = chunks(&series(), request, points, &target, at("2023-11-14T22:27:13Z"));
    Cut { left_out: std::mem::take(&mut chunks.left_out), records: chunks.collect() }
}

/// Compares each chunk as `key start-end from-until: points`, with hours and minutes only, and the number of omitted points.
fn check(
    period: i64,
    (start, end): (&str, &str),
    points: &[(&str, f64)],
    expected: &[&str],
    left_out: &[&str],
) {
    let points: Vec<(i64, f64)> = points.iter().map(|(time, value)| (at(time).seconds(), *value)).collect();
    let cut = cut(period, start, end, &points);
    let short = |time: Timestamp| time.to_string()[11..16].to_owned();
    let shown = |record: &Record| {
        let chunk = record.chunk.as_ref().unwrap();
        let points = chunk.timestamps.iter().zip(&chunk.values);
        let points: Vec<String> = points
            .map(|(second, value)| format!("{}={value}", short(Timestamp::from_seconds(*second))))
            .collect();
        format!(
            "{} {}-{} {}-{}: {}",
            record.key.sk.rsplit('#').next().unwrap().split('T').next().unwrap(),
            short(record.started_at.unwrap()),
            short(record.ended_at.unwrap()),
            short(chunk.covered_from),
            short(chunk.covered_until),
            points.join(" ")
        )
    };
    let actual: Vec<String> = cut.records.iter().map(shown).collect();
    assert_eq!(actual, expected, "{period} {start} {end} {points:?}");
    assert_eq!(cut.left_out.len(), left_out.len(), "{:?}", cut.left_out);
    for (message, part) in cut.left_out.iter().zip(left_out) {
        assert!(message.contains(part), "{part} not in {message}");
    }
    for record in &cut.records {
        assert_eq!(record.updated_at, record.chunk.as_ref().map(|chunk| chunk.covered_until));
        validate(record.clone(), 400).unwrap();
    }
}

#[test]
fn the_worked_example_becomes_its_record() {
    let points = [(1_699_999_200, 0.5), (1_700_000_100, 12.0)];
    let cut = cut(300, "2023-11-14T18:00:00Z", "2023-11-14T22:25:00Z", &points);
    assert!(cut.left_out.is_empty());
    let [record] = <[Record; 1]>::try_from(cut.records).unwrap();
    let record = validate(record, 400).unwrap();
    let mut attributes = record.to_map();
    for name in ["answered_at", "content_hash"] {
        attributes.remove(name).unwrap();
    }
    assert_eq!(Value::Map(attributes), Value::from_json(EXAMPLE_RECORD).unwrap());
    assert_eq!(record.answered_at(), at("2023-11-14T22:27:13Z"));
}

#[test]
fn chunks_are_an_hour_six_hours_or_a_day_and_aligned_to_utc() {
    let span = ("2023-11-13T00:00:00Z", "2023-11-16T00:00:00Z");
    let points = [
        ("2023-11-14T04:59:00Z", 1.0),
        ("2023-11-14T05:00:00Z", 2.0),
        ("2023-11-14T05:59:00Z", 3.0),
        ("2023-11-14T06:00:00Z", 4.0),
        ("2023-11-15T00:00:00Z", 5.0),
    ];
    let hours = [
        "2023-11-14 04:00-05:00 04:00-05:00: 04:59=1",
        "2023-11-14 05:00-06:00 05:00-06:00: 05:00=2 05:59=3",
        "2023-11-14 06:00-07:00 06:00-07:00: 06:00=4",
        "2023-11-15 00:00-01:00 00:00-01:00: 00:00=5",
    ];
    check(60, span, &points, &hours, &[]);
    let quarters = [
        "2023-11-14 00:00-06:00 00:00-06:00: 04:59=1 05:00=2 05:59=3",
        "2023-11-14 06:00-12:00 06:00-12:00: 06:00=4",
        "2023-11-15 00:00-06:00 00:00-06:00: 00:00=5",
    ];
    check(300, span, &points, &quarters, &[]);
    let days = [
        "2023-11-14 00:00-00:00 00:00-00:00: 04:59=1 05:00=2 05:59=3 06:00=4",
        "2023-11-15 00:00-00:00 00:00-00:00: 00:00=5",
    ];
    check(3_600, span, &points, &days, &[]);
}

#[test]
fn a_chunk_covers_only_the_requested_time() {
    let points =
        [("2023-11-14T10:30:00Z", 1.0), ("2023-11-14T12:00:00Z", 2.0), ("2023-11-14T13:25:00Z", 3.0)];
    let span = ("2023-11-14T10:30:00Z", "2023-11-14T13:30:00Z");
    let expected = [
        "2023-11-14 06:00-12:00 10:30-12:00: 10:30=1",
        "2023-11-14 12:00-18:00 12:00-13:30: 12:00=2 13:25=3",
    ];
    check(300, span, &points, &expected, &[]);
}

#[test]
fn an_answer_without_points_has_no_chunk() {
    check(300, ("2023-11-14T00:00:00Z", "2023-11-15T00:00:00Z"), &[], &[], &[]);
    // A point of zero is valid. Only the request determines whether zeros are returned.
    let zero = [("2023-11-14T01:00:00Z", 0.0)];
    let expected = ["2023-11-14 00:00-06:00 00:00-06:00: 01:00=0"];
    check(300, ("2023-11-14T00:00:00Z", "2023-11-15T00:00:00Z"), &zero, &expected, &[]);
}

#[test]
fn the_first_bucket_is_inside_and_the_end_outside() {
    let span = ("2023-11-14T06:00:00Z", "2023-11-14T12:00:00Z");
    let points = [
        ("2023-11-14T05:59:59Z", 1.0),
        ("2023-11-14T06:00:00Z", 2.0),
        ("2023-11-14T11:55:00Z", 3.0),
        ("2023-11-14T12:00:00Z", 4.0),
    ];
    let expected = ["2023-11-14 06:00-12:00 06:00-12:00: 06:00=2 11:55=3"];
    check(300, span, &points, &expected, &["the point 1 at", "the point 4 at"]);
}

#[test]
fn a_point_that_cannot_be_stored_affects_no_other_point() {
    let span = ("2023-11-14T06:00:00Z", "2023-11-14T12:00:00Z");
    for (value, reason) in [
        (f64::NAN, "NaN at 2023-11-14T06:05:00.000Z is not a finite number"),
        (f64::INFINITY, "not a finite number"),
        (f64::NEG_INFINITY, "not a finite number"),
        (1e200, "is 1E126 or more"),
        (-1e126, "is 1E126 or more"),
        (1e-131, "is below 1E-130"),
        (5e-324, "is below 1E-130"),
    ] {
        let points =
            [("2023-11-14T06:00:00Z", 1.0), ("2023-11-14T06:05:00Z", value), ("2023-11-14T06:10:00Z", 2.0)];
        let expected = ["2023-11-14 06:00-12:00 06:00-12:00: 06:00=1 06:10=2"];
        check(300, span, &points, &expected, &[reason]);
        // If it is the only point, there is nothing to store.
        check(300, span, &points[1..2], &[], &[reason]);
    }
    let fine =
        [("2023-11-14T06:00:00Z", 9.9e125), ("2023-11-14T06:05:00Z", 1e-130), ("2023-11-14T06:10:00Z", -0.5)];
    let points: Vec<(i64, f64)> = fine.iter().map(|(time, value)| (at(time).seconds(), *value)).collect();
    assert_eq!(cut(300, span.0, span.1, &points).left_out, [""; 0]);
}

#[test]
fn unordered_points_are_sorted_and_a_repeated_time_counts_once() {
    let span = ("2023-11-14T06:00:00Z", "2023-11-14T12:00:00Z");
    let (six, seven, eight) = ("2023-11-14T06:00:00Z", "2023-11-14T07:00:00Z", "2023-11-14T08:00:00Z");
    let expected = ["2023-11-14 06:00-12:00 06:00-12:00: 06:00=1 07:00=2 08:00=3"];
    check(300, span, &[(eight, 3.0), (six, 1.0), (seven, 2.0)], &expected, &[]);
    check(300, span, &[(eight, 3.0), (six, 1.0), (six, 1.0), (seven, 2.0)], &expected, &[]);
    // Two points with different values cannot both be kept. The omitted one is reported.
    let contradicted = ["the point 0.5 at 2023-11-14T06:00:00.000Z comes a second time, as 1"];
    check(300, span, &[(six, 0.5), (eight, 3.0), (six, 1.0), (seven, 2.0)], &expected, &contradicted);
    check(300, span, &[(six, 1.0), (eight, 3.0), (six, 0.5), (seven, 2.0)], &expected, &contradicted);
}

proptest! {
    #[test]
    fn every_point_is_in_exactly_one_chunk_or_reported_as_omitted(
        points in prop::collection::vec((1_699_900_000_i64..1_700_100_000, any::<f64>()), 0..40),
        extreme in prop::collection::vec((any::<i64>(), any::<f64>()), 0..4),
        period in prop::sample::select(vec![60, 300, 3_600]),
    ) {
        let points: Vec<(i64, f64)> = points.into_iter().chain(extreme).collect();
        let cut = cut(period, "2023-11-14T06:00:00Z", "2023-11-15T03:00:00Z", &points);
        let mut kept = 0;
        for record in cut.records {
            let chunk = record.chunk.clone().unwrap();
            kept += chunk.timestamps.len();
            prop_assert!(chunk.covered_from >= record.started_at.unwrap());
            prop_assert!(chunk.covered_until <= record.ended_at.unwrap());
            for second in &chunk.timestamps {
                let time = Timestamp::from_seconds(*second);
                prop_assert!((chunk.covered_from..chunk.covered_until).contains(&time));
            }
            prop_assert!(validate(record, 0).is_ok());
        }
        let distinct: std::collections::HashSet<(i64, u64)> =
            points.iter().map(|(second, value)| (*second, value.to_bits())).collect();
        prop_assert!(kept + cut.left_out.len() >= distinct.len());
        prop_assert!(kept + cut.left_out.len() <= points.len());
    }
}
