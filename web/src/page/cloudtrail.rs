//! What CloudTrail gave of an insight: the rate of the calls or errors with its baseline, and who was behind them. Within
//! what was collected an absent point is zero; outside it nothing is known, and both are said.

use super::chart::{Sign, canvas, clock, legend};
use super::insight::{Setting, fact};
use super::number::{Rate, real};
use super::text::{as_table, cell, table, time};
use insights_query::format::{measure, period, plain, so_many};
use insights_query::line::{Line, Point, Stretch};
use insights_query::series::Series;
use insights_query::unavailable;
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::value::Value;
use maud::{Markup, html};
use serde_json::json;
use std::collections::BTreeMap;

/// The most rows of the table beside a chart.
const MOST_ROWS: usize = 120;

/// All of it.
pub fn drawn(record: &Stored, series: Option<&(Series, Line)>, setting: Setting<'_>) -> Markup {
    html! {
        dl.facts {
            (fact(if has_ended(record) { "Rate over the insight" } else { "Rate when it began" }, measure(record, "insight_average").map(a_minute)))
            (fact("Usual rate (baseline)", measure(record, "baseline_average").map(a_minute)))
            (fact("Baseline taken over", statistic(record, "baseline_duration").map(|minutes| html! { (days(minutes)) })))
            (fact("Operation", told(record, "event_name").map(|name| cell(plain(name)))))
            (fact("Error", told(record, "error_code").map(|code| html! { code { (plain(code)) } })))
            (fact("Trail", trail(record).map(|trail| html! { code { (plain(trail)) } })))
        }
        @match series {
            Some((series, line)) => (rate(record, series, line, setting)),
            None => p.quiet { "No metric series of it was collected." },
        }
        (attributions(record))
    }
}

fn a_minute(rate: f64) -> Markup {
    html! { (Rate(rate)) " a minute" }
}

fn days(minutes: f64) -> String {
    format!("{} days", Rate(minutes / 1_440.0))
}

fn rate(record: &Stored, series: &Series, line: &Line, setting: Setting<'_>) -> Markup {
    let began = record.timestamp("started_at").unwrap_or(line.span.since);
    let ended = record.timestamp("ended_at").unwrap_or(setting.now);
    let title = plain(&series.title());
    let label = format!("{title} a minute, with the baseline and the span of the insight");
    let at = |instant| clock(instant, setting.zone);
    let data = json!({
        "from": at(line.span.since),
        "until": at(line.span.until),
        "span": [at(began), at(ended)],
        "baseline": measure(record, "baseline_average"),
        "known": line.stretches.iter().map(|stretch| known(stretch, &line.points, setting)).collect::<Vec<_>>(),
    });
    let periods: Vec<String> = periods(line).into_iter().map(period).collect();
    html! {
        figure {
            figcaption { (title) " a minute " span { "in buckets of " (if periods.is_empty() { "no length: nothing is known".to_owned() } else { periods.join(" and ") }) } }
            (canvas("rate", &label, &data))
            (legend(&[
                (Sign::Line("line"), "rate; on the ground it is zero"),
                (Sign::Line("baseline"), "baseline"),
                (Sign::Surface("span"), "the insight"),
                (Sign::Hatched, "unknown"),
            ]))
            @if let Some(unavailable) = series.unavailable() {
                p.quiet { "The series is " (unavailable::sentence(unavailable, series.key.trail.as_deref(), setting.zone)) "." }
            }
            (as_table("The same as a table", &points(line, setting)))
        }
    }
}

/// A stretch in which everything is known, with the buckets that are not zero.
fn known(stretch: &Stretch, points: &[Point], setting: Setting<'_>) -> serde_json::Value {
    let inside = |point: &&Point| {
        point.period == stretch.period && stretch.from <= point.at && point.at < stretch.until
    };
    let at = |instant| clock(instant, setting.zone);
    let points = points.iter().filter(inside).map(|point| (at(point.at), a_minutes_share(point)));
    json!({
        "from": at(stretch.from),
        "until": at(stretch.until),
        "period": stretch.period,
        "points": points.collect::<Vec<_>>(),
    })
}

/// A bucket counts what happened in it; rates and baselines are per minute.
fn a_minutes_share(point: &Point) -> f64 {
    point.value * 60.0 / real(point.period.max(1))
}

fn periods(line: &Line) -> Vec<i64> {
    let mut periods: Vec<i64> = line.stretches.iter().map(|stretch| stretch.period).collect();
    periods.sort_unstable();
    periods.dedup();
    periods
}

/// The buckets that are not zero, and what is known of the rest.
fn points(line: &Line, setting: Setting<'_>) -> Markup {
    let columns = [("Bucket begins", false), ("Length", false), ("Count", true), ("A minute", true)];
    let row = |point: &Point| {
        vec![
            time(point.at, setting.zone),
            cell(period(point.period)),
            cell(Rate(point.value)),
            cell(Rate(a_minutes_share(point))),
        ]
    };
    // Of a long line the greatest buckets, in the order of time.
    let mut shown: Vec<&Point> = line.points.iter().collect();
    shown.sort_by(|left, right| right.value.total_cmp(&left.value));
    shown.truncate(MOST_ROWS);
    shown.sort_by_key(|point| point.at);
    let rows: Vec<Vec<Markup>> = shown.into_iter().map(row).collect();
    let left_out = line.points.len() - rows.len();
    html! {
        p.quiet {
            "Known: "
            @if line.stretches.is_empty() { "nothing" }
            @for (nth, stretch) in line.stretches.iter().enumerate() {
                @if nth > 0 { "; " }
                (time(stretch.from, setting.zone)) " to " (time(stretch.until, setting.zone)) " by " (period(stretch.period))
            }
            ". Buckets that are known and not listed are zero; all other times are unknown."
            @if left_out > 0 { " " (so_many(left_out, "smaller bucket is", "smaller buckets are")) " left out." }
        }
        (table("Buckets that are not zero", &columns, &rows))
    }
}

/// Who or what was behind the calls, while it was unusual and before.
fn attributions(record: &Stored) -> Markup {
    let context = half(record).and_then(|half| half.at(&["insight_context"]));
    let attributions = context
        .and_then(|context| context.at(&["attributions"]))
        .and_then(Value::as_list)
        .unwrap_or_default();
    let mut rows = Vec::new();
    for attribution in attributions {
        let what = match attribution.at(&["attribute"]).and_then(Value::as_str) {
            Some("userIdentityArn") => "caller",
            Some("userAgent") => "user agent",
            Some("errorCode") => "error code",
            Some(other) => other,
            None => "unnamed",
        };
        let mut averages: BTreeMap<&str, (Option<f64>, Option<f64>)> = BTreeMap::new();
        for (value, average) in values(attribution, "insight") {
            averages.entry(value).or_default().0 = average;
        }
        for (value, average) in values(attribution, "baseline") {
            averages.entry(value).or_default().1 = average;
        }
        let mut averages: Vec<_> = averages.into_iter().collect();
        averages.sort_by(|(_, left), (_, right)| right.0.unwrap_or(-1.0).total_cmp(&left.0.unwrap_or(-1.0)));
        for (value, (insight, baseline)) in averages {
            let rate =
                |rate: Option<f64>| cell(rate.map_or_else(|| "–".to_owned(), |rate| Rate(rate).to_string()));
            rows.push(vec![
                cell(plain(what)),
                html! { code { (plain(value)) } },
                rate(insight),
                rate(baseline),
            ]);
        }
    }
    let columns = [("", false), ("Who or what", false), ("During the insight", true), ("Usually", true)];
    html! { @if !rows.is_empty() { (table("Behind the calls, a minute", &columns, &rows)) } }
}

fn values<'a>(attribution: &'a Value, name: &str) -> Vec<(&'a str, Option<f64>)> {
    let values = attribution.at(&[name]).and_then(Value::as_list).unwrap_or_default();
    let value = |value: &'a Value| {
        let average = value.at(&["average"]).and_then(Value::as_number).map(Number::as_f64);
        Some((value.at(&["value"])?.as_str()?, average))
    };
    values.iter().filter_map(value).collect()
}

/// CloudTrail gives the average over an insight with its end; until then there is only that of its start.
fn has_ended(record: &Stored) -> bool {
    record.0.get("detail").is_some_and(|detail| detail.at(&["end", "insight_details"]).is_some())
}

/// The insight's own words: of its end, else of its start.
fn half(record: &Stored) -> Option<&Value> {
    let detail = record.0.get("detail")?;
    detail.at(&["end", "insight_details"]).or_else(|| detail.at(&["start", "insight_details"]))
}

fn told<'a>(record: &'a Stored, name: &str) -> Option<&'a str> {
    half(record)?.at(&[name]).and_then(Value::as_str)
}

/// The trail whose data events it is about: the one that was asked, where the event does not name it.
fn trail(record: &Stored) -> Option<&str> {
    let asked = |half| record.0.get("detail")?.at(&[half, "lookup", "insight_source"])?.as_str();
    ["end", "start"].into_iter().find_map(asked).or_else(|| told(record, "insight_source"))
}

fn statistic(record: &Stored, name: &str) -> Option<f64> {
    half(record)?.at(&["insight_context", "statistics", name])?.as_number().map(Number::as_f64)
}
