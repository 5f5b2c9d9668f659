//! A metric series for the time of an insight: the rate with its baseline. Zero and unknown values look different.

use super::chart::{Sign, canvas, clock, legend};
use super::insight::Context;
use super::text::{as_table, cell, table, time};
use insights_query::format::{period, plain, rate, so_many};
use insights_query::line::{Line, Point, Stretch};
use insights_query::series::Series;
use insights_query::unavailable;
use insights_shared::record::Stored;
use insights_sources::view::SeriesChart;
use maud::{Markup, html};
use serde_json::json;

/// The maximum number of rows of the table below a chart.
const MOST_ROWS: usize = 120;

/// The chart of `line`, a table of its buckets, and the reason if the series is not available.
pub fn chart(
    insight: &Stored,
    series: &Series,
    line: &Line,
    shown: &SeriesChart,
    context: Context<'_>,
) -> Markup {
    let began = insight.timestamp("started_at").unwrap_or(line.span.since);
    let ended = insight.timestamp("ended_at").unwrap_or(context.now);
    let title = plain(&shown.title);
    let label = format!("{title} per minute, with the baseline and the time of the insight");
    let at = |instant| clock(instant, context.zone);
    let data = json!({
        "from": at(line.span.since),
        "until": at(line.span.until),
        "span": [at(began), at(ended)],
        "baseline": shown.baseline,
        "known": line.stretches.iter().map(|stretch| known(stretch, &line.points, context)).collect::<Vec<_>>(),
    });
    let periods: Vec<String> = periods(line).into_iter().map(period).collect();
    html! {
        figure {
            figcaption { (title) " per minute " span { "in buckets of " (if periods.is_empty() { "no length: nothing is known".to_owned() } else { periods.join(" and ") }) } }
            (canvas("rate", &label, &data))
            (legend(&[
                (Sign::Line("line"), "rate"),
                (Sign::Line("baseline"), "baseline"),
                (Sign::Surface("span"), "the insight"),
                (Sign::Hatched, "unknown"),
            ]))
            @if let Some(unavailable) = series.unavailable() {
                p.quiet { "The series is " (unavailable::sentence(unavailable, series.source, series.key.trail.as_deref(), context.zone)) "." }
            }
            (as_table("The same as a table", &points(line, context)))
        }
    }
}

/// A covered time span with its non-zero buckets.
fn known(stretch: &Stretch, points: &[Point], context: Context<'_>) -> serde_json::Value {
    let inside = |point: &&Point| {
        point.period == stretch.period && stretch.from <= point.at && point.at < stretch.until
    };
    let at = |instant| clock(instant, context.zone);
    let points = points.iter().filter(inside).map(|point| (at(point.at), a_minutes_share(point)));
    json!({
        "from": at(stretch.from),
        "until": at(stretch.until),
        "period": stretch.period,
        "points": points.collect::<Vec<_>>(),
    })
}

/// The rate of a bucket, per minute.
fn a_minutes_share(point: &Point) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "periods are small")]
    let seconds = point.period.max(1) as f64;
    point.value * 60.0 / seconds
}

fn periods(line: &Line) -> Vec<i64> {
    let mut periods: Vec<i64> = line.stretches.iter().map(|stretch| stretch.period).collect();
    periods.sort_unstable();
    periods.dedup();
    periods
}

/// The non-zero buckets, and the covered times.
fn points(line: &Line, context: Context<'_>) -> Markup {
    let columns = [("Bucket begins", false), ("Length", false), ("Count", true), ("Per minute", true)];
    let row = |point: &Point| {
        vec![
            time(point.at, context.zone),
            cell(period(point.period)),
            cell(rate(point.value)),
            cell(rate(a_minutes_share(point))),
        ]
    };
    // The greatest buckets of a long line, in chronological order.
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
                (time(stretch.from, context.zone)) " to " (time(stretch.until, context.zone)) " by " (period(stretch.period))
            }
            ". Buckets in these times that are not listed are zero; all other times are unknown."
            @if left_out > 0 { " " (so_many(left_out, "smaller bucket is", "smaller buckets are")) " left out." }
        }
        (table("Buckets that are not zero", &columns, &rows))
    }
}
