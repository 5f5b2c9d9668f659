//! Benchmark data of AWS CloudTrail.

use super::{BenchSource, MemoryData};
use crate::load::{CHANGES, Content, Load};
use crate::scale::Scale;
use insights_sources::cloudtrail;
use std::fmt::Write;

/// The registration.
pub const BENCH_SOURCE: BenchSource = BenchSource {
    source: cloudtrail::SOURCE,
    variables: &[("CLOUDTRAIL_PERIOD", "60"), ("LOOKBACK_DAYS", "15")],
    // The watermark is a whole minute. If it does not move, a run requests the same points again.
    starts_in_new_minute: true,
    load,
    // Each insight, and the whole hours of 15 days for each series, except five: the last hour, the hours in which a run
    // could start near the end of the retention, and two that the current time cuts.
    records: |load| load.insights + load_series(load) * (KEPT_MINUTES / 60 - 5),
    memory: Some(MemoryData {
        scenario,
        // Each insight, and 359 whole hours for each series, without those at the end of the retention and at the current
        // time.
        records: |scale| (scale.insights + 359 * scale_series(scale)) as u64,
        series: scale_series,
    }),
};

/// Minutes in the 15 days that CloudTrail keeps points of a minute.
const KEPT_MINUTES: usize = 15 * 24 * 60;

fn load_series(load: Load) -> usize {
    (load.insights / 10).min(500)
}

fn scale_series(scale: Scale) -> usize {
    scale.insights / 20
}

fn subject(number: usize) -> String {
    format!(
        "event_source = \"service{}.amazonaws.com\"\nevent_name = \"Operation{number}\"\n\
         insight_type = \"ApiCallRateInsight\"",
        number % 50
    )
}

/// Series with calls in every minute of 15 days except the last hour, and insights distributed evenly over them. With the
/// change, one open insight in a hundred ends, and one series in a hundred gets half an hour of data.
fn load(load: Load, content: Content) -> String {
    let series = load_series(load);
    if series == 0 {
        return String::new();
    }
    let mut text = String::from(
        "[[cloudtrail.trails]]\nname = \"management\"\n\
         insight_selectors = [{ type = \"ApiCallRateInsight\", categories = [\"Management\"] }]\n",
    );
    for number in 0..load.insights {
        let minutes = 120 + number * (KEPT_MINUTES - 600) / load.insights;
        let times = match (number % CHANGES, content) {
            (0, Content::Initial) => "start = \"-2h\"".to_owned(),
            (0, Content::Changed) => "start = \"-2h\"\nend = \"-5m\"".to_owned(),
            _ => format!("start = \"-{}m\"\nend = \"-{minutes}m\"", minutes + 5),
        };
        let subject = subject(number % series);
        let _ = writeln!(
            text,
            "[[cloudtrail.insights]]\nkey = \"{number}\"\n{subject}\naverage = 44\nbaseline = 0.5\n{times}",
        );
    }
    for number in 0..series {
        let until = if content == Content::Changed && number % CHANGES == 0 { "-30m" } else { "-1h" };
        let _ = writeln!(
            text,
            "[[cloudtrail.series]]\n{}\nbaseline = 0\nnoise = 0\n\
             bursts = [{{ from = \"-16d\", to = \"{until}\", rate = 5 }}]",
            subject(number),
        );
    }
    text
}

/// Closed insights distributed evenly over the series, and the series.
fn scenario(scale: Scale) -> String {
    let mut text = String::from(
        "[[cloudtrail.trails]]\nname = \"management\"\n\
         insight_selectors = [{ type = \"ApiCallRateInsight\", categories = [\"Management\"] }]\n",
    );
    for number in 0..scale.insights {
        let minutes = 10 + number * (KEPT_MINUTES - 60) / scale.insights;
        let subject = subject(number % scale_series(scale));
        let _ = writeln!(
            text,
            "[[cloudtrail.insights]]\nkey = \"{number}\"\n{subject}\naverage = 44\nbaseline = 0.5\n\
             start = \"-{}m\"\nend = \"-{minutes}m\"",
            minutes + 5,
        );
    }
    for number in 0..scale_series(scale) {
        let subject = subject(number);
        let _ = writeln!(text, "[[cloudtrail.series]]\n{subject}\nbaseline = 5\nnoise = 0");
    }
    text
}
