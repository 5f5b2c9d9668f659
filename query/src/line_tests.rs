use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-03-01T{text}Z").parse().unwrap()
}

fn stored(json: &str) -> Stored {
    let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
    Stored(map)
}

fn row(stored: &Stored) -> CatalogRow {
    CatalogRow::from_stored(stored.clone())
}

fn chunk(period: i64, from: &str, until: &str, points: &[(&str, f64)]) -> Stored {
    let timestamps: Vec<String> = points.iter().map(|(time, _)| at(time).seconds().to_string()).collect();
    let values: Vec<String> = points.iter().map(|(_, value)| value.to_string()).collect();
    stored(&format!(
        r#"{{"period":{period},"covered_from":"{}","covered_until":"{}","timestamps":[{}],"values":[{}]}}"#,
        at(from),
        at(until),
        timestamps.join(","),
        values.join(",")
    ))
}

struct Case {
    row: Stored,
    state: Stored,
    chunks: Vec<Stored>,
}

impl Case {
    /// Covered at 3600 s from 00:00 to 06:00, at 300 s from 04:00 to the watermark, which is at 10:00.
    fn new() -> Self {
        let row = format!(
            r#"{{"covered":{{"3600":[{{"from":"{}","until":"{}"}}],"300":[{{"from":"{}"}}]}}}}"#,
            at("00:00:00"),
            at("06:00:00"),
            at("04:00:00")
        );
        let state = format!(r#"{{"watermark":"{}","retention_days":400}}"#, at("10:00:00"));
        let chunks = vec![
            chunk(3_600, "00:00:00", "06:00:00", &[("02:00:00", 7.0), ("04:00:00", 99.0)]),
            chunk(300, "04:00:00", "06:00:00", &[("04:05:00", 3.0)]),
            chunk(300, "06:00:00", "10:00:00", &[("09:55:00", 5.0)]),
        ];
        Self { row: stored(&row), state: stored(&state), chunks }
    }

    fn line(&self, since: &str, until: &str, period: Option<i64>) -> Line {
        let parts = LineParts {
            row: &row(&self.row),
            state: Some(&self.state),
            chunks: &self.chunks,
            now: at("12:00:00"),
        };
        Line::assemble(&parts, Span { since: at(since), until: at(until) }, period)
    }
}

/// Stretches and points with their times of day.
type Shown = (Vec<(i64, String, String)>, Vec<(String, f64)>);

fn shown(line: &Line) -> Shown {
    let time = |timestamp: Timestamp| timestamp.to_string()[11..16].to_owned();
    let stretches = line.stretches.iter().map(|known| (known.period, time(known.from), time(known.until)));
    let points = line.points.iter().map(|point| (time(point.at), point.value));
    (stretches.collect(), points.collect())
}

fn stretch(period: i64, from: &str, until: &str) -> (i64, String, String) {
    (period, from.to_owned(), until.to_owned())
}

fn point(time: &str, value: f64) -> (String, f64) {
    (time.to_owned(), value)
}

#[test]
fn each_time_has_the_finest_period_that_covers_it() {
    let (stretches, points) = shown(&Case::new().line("00:00:00", "12:00:00", None));
    assert_eq!(stretches, [stretch(3_600, "00:00", "04:00"), stretch(300, "04:00", "10:00")]);
    // The value 99 of the hour includes the 3 of the five minutes.
    assert_eq!(points, [point("02:00", 7.0), point("04:05", 3.0), point("09:55", 5.0)]);
}

#[test]
fn a_single_period_can_be_requested() {
    let (stretches, points) = shown(&Case::new().line("00:00:00", "12:00:00", Some(3_600)));
    assert_eq!(stretches, [stretch(3_600, "00:00", "06:00")]);
    assert_eq!(points, [point("02:00", 7.0), point("04:00", 99.0)]);
    assert_eq!(Case::new().line("00:00:00", "12:00:00", Some(60)).stretches, []);
}

#[test]
fn zero_and_unknown_are_distinguished() {
    let line = Case::new().line("00:00:00", "12:00:00", None);
    let greatest = Sample::Greatest;
    let expected = [
        greatest(0.0),
        greatest(0.0),
        greatest(7.0),
        greatest(0.0),
        greatest(3.0),
        greatest(0.0),
        greatest(0.0),
        greatest(0.0),
        greatest(0.0),
        greatest(5.0),
        Sample::Unknown,
        Sample::Unknown,
    ];
    assert_eq!(line.samples(12), expected);
    assert_eq!(line.peak(), Some(Point { at: at("02:00:00"), period: 3_600, value: 7.0 }));
    let buckets = line.buckets();
    assert_eq!(buckets.len(), 4 + 6 * 12, "four hours, then six hours of five minutes");
    assert_eq!(buckets.iter().filter(|point| point.value > 0.0).count(), 3, "zeros are told, too");
}

#[test]
fn the_first_bucket_is_complete_even_if_the_span_begins_within_it() {
    let (stretches, points) = shown(&Case::new().line("02:30:00", "04:00:00", None));
    assert_eq!(stretches, [stretch(3_600, "02:00", "04:00")]);
    assert_eq!(points, [point("02:00", 7.0)]);
}

#[test]
fn a_row_that_is_behind_has_a_watermark_of_its_own() {
    let mut case = Case::new();
    case.chunks.pop();
    case.row.0.insert("watermark".into(), at("07:00:00").into());
    let (stretches, _) = shown(&case.line("06:00:00", "12:00:00", None));
    assert_eq!(stretches, [stretch(300, "06:00", "07:00")]);
}

#[test]
fn nothing_is_known_beyond_retention() {
    let mut case = Case::new();
    let parts = |case: &Case, days: i64, now: &str| {
        let mut state = case.state.clone();
        state.0.insert("retention_days".into(), days.into());
        let now = now.parse().unwrap();
        let parts = LineParts { row: &row(&case.row), state: Some(&state), chunks: &case.chunks, now };
        let span = Span { since: at("00:00:00"), until: at("12:00:00") };
        shown(&Line::assemble(&parts, span, None)).0
    };
    case.chunks.clear();
    // A day after 05:00.
    assert_eq!(parts(&case, 1, "2026-03-02T05:00:00Z"), [stretch(300, "05:00", "10:00")]);
    assert_eq!(parts(&case, 0, "2030-03-02T05:00:00Z").len(), 2, "kept for ever");
}

#[test]
fn a_chunk_is_known_before_its_row_covers_it() {
    let mut case = Case::new();
    case.row.0.remove("covered");
    let (stretches, points) = shown(&case.line("06:00:00", "12:00:00", None));
    assert_eq!(stretches, [stretch(300, "06:00", "10:00")]);
    assert_eq!(points, [point("09:55", 5.0)]);
}

#[test]
fn without_a_state_open_spans_are_unknown() {
    let case = Case::new();
    let parts = LineParts { row: &row(&case.row), state: None, chunks: &[], now: at("12:00:00") };
    let line = Line::assemble(&parts, Span { since: at("00:00:00"), until: at("12:00:00") }, None);
    assert_eq!(shown(&line).0, [stretch(3_600, "00:00", "06:00")]);
}
