//! Plots of block characters. Unknown and zero have different characters.

use super::axis::Axis;
use crate::session::Session;
use insights_query::Span;
use insights_query::format::{add, instant, period, plain, thousands, wrapped};
use insights_query::line::{Line, Sample};
use insights_shared::number::Number;
use insights_sources::view::LineChart;
use std::collections::BTreeSet;

/// The height of the plot of a single series, in lines.
pub const HIGH: usize = 6;
/// The height of each of many plots, in lines.
pub const LOW: usize = 2;
/// The greatest width in columns: wider plots are hard to read.
const MAX_WIDTH: u16 = 140;

/// Unknown.
const UNKNOWN: char = '·';
/// Known to be zero.
const ZERO: char = '_';
/// Heights of one to eight eighths.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The legend of the characters that are not blocks.
pub const LEGEND: &str = "_ is zero, · is unknown";

/// A line as a plot over its axis, with the maximum and the periods below.
pub fn line(line: &Line, rows: usize, session: &Session) -> String {
    let width = usize::from(session.width.min(MAX_WIDTH));
    let samples = line.samples(width);
    let mut text = String::new();
    if samples.iter().all(|sample| *sample == Sample::Unknown) {
        return "unknown: nothing was collected for this period\n".to_owned();
    }
    let rows = if line.points.is_empty() { 1 } else { rows };
    for row in blocks(&samples, rows) {
        add(&mut text, format_args!("{row}\n"));
    }
    for row in Axis::new(line.span, width).ticks(&session.zone) {
        add(&mut text, format_args!("{}\n", row.trim_end()));
    }
    text + &below(line, session)
}

fn below(line: &Line, session: &Session) -> String {
    let mut parts = Vec::new();
    match line.peak() {
        Some(peak) => {
            let at = instant(peak.at, &session.zone);
            parts.push(format!("maximum {} in {} at {at}", amount(peak.value), period(peak.period)));
        }
        None => parts.push("zero in all known buckets".to_owned()),
    }
    // A point of a longer period counts more calls, so its height cannot be compared.
    let periods: Vec<i64> = line.stretches.iter().map(|stretch| stretch.period).collect();
    let distinct: BTreeSet<i64> = periods.iter().copied().collect();
    if let [only] = distinct.iter().copied().collect::<Vec<_>>()[..] {
        parts.push(format!("one point every {}", period(only)));
    } else {
        for pair in line.stretches.windows(2) {
            if let [before, after] = pair
                && before.period != after.period
            {
                let at = instant(after.from, &session.zone);
                parts.push(format!(
                    "one point every {} until {at}, then every {}",
                    period(before.period),
                    period(after.period)
                ));
            }
        }
    }
    wrapped(&parts.join("; "), session.width)
}

fn amount(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
    match Number::from_f64(value) {
        Some(number) if number.as_i64().is_none() => number.to_string(),
        _ => thousands(value as i64),
    }
}

/// The columns of a line of counts.
const COUNT_WIDTH: usize = 40;

/// Counts over time, a line of blocks for each, with its first and its last number. Counts of a single time have no lines.
pub fn counts(chart: &LineChart, session: &Session) -> String {
    let times = || chart.lines.iter().flat_map(|line| &line.points).map(|(at, _)| *at);
    let (Some(since), Some(until)) = (times().min(), times().max()) else { return String::new() };
    if since == until {
        return String::new();
    }
    let axis = Axis::new(Span { since, until }, COUNT_WIDTH);
    let names = chart.lines.iter().map(|line| plain(&line.name)).collect::<Vec<_>>();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let room = usize::from(session.width).saturating_sub(COUNT_WIDTH + 24).max(12).min(widest);
    let greatest = chart.lines.iter().flat_map(|line| &line.points).map(|(_, count)| *count).max();
    let mut text = String::new();
    for (line, name) in chart.lines.iter().zip(&names) {
        let mut samples = vec![Sample::Unknown; COUNT_WIDTH];
        // A count holds until the next one.
        for (at, count) in &line.points {
            let column = axis.column(*at).min(COUNT_WIDTH - 1);
            #[expect(clippy::cast_precision_loss, reason = "a plot has eight heights")]
            let sample = Sample::Greatest(*count as f64);
            samples.iter_mut().skip(column).for_each(|cell| *cell = sample);
        }
        let drawn = scaled(&samples, greatest.unwrap_or_default());
        let ends = [line.points.first(), line.points.last()].into_iter().flatten();
        let ends: Vec<String> = ends.map(|(_, count)| thousands(*count)).collect();
        let name = shortened(name, room);
        add(&mut text, format_args!("{name:<room$}  {drawn:<COUNT_WIDTH$}  {}\n", ends.join(" → ")));
    }
    for row in axis.ticks(&session.zone) {
        add(&mut text, format_args!("{}\n", format!("{:room$}  {row}", "").trim_end()));
    }
    text + "\n"
}

/// One line of blocks, in which `greatest` has the full height.
fn scaled(samples: &[Sample], greatest: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a plot has eight heights")]
    let greatest = greatest as f64;
    let block = |sample: &Sample| match (sample, height(value(sample), greatest, 8)) {
        (Sample::Unknown, _) => UNKNOWN,
        (_, 0) => ZERO,
        (_, height) => BLOCKS.get(height - 1).copied().unwrap_or(' '),
    };
    samples.iter().map(block).collect()
}

/// Shortens `text` to at most `width` characters.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Samples as `rows` lines of blocks; the greatest value has the full height.
pub fn blocks(samples: &[Sample], rows: usize) -> Vec<String> {
    let greatest = samples.iter().map(value).fold(0.0, f64::max);
    let rows = rows.max(1);
    let heights: Vec<usize> =
        samples.iter().map(|sample| height(value(sample), greatest, rows * 8)).collect();
    let line = |row: usize| {
        let below = (rows - 1 - row) * 8;
        let is_lowest = below == 0;
        let cells = samples.iter().zip(&heights).map(|(sample, height)| match sample {
            Sample::Unknown if is_lowest => UNKNOWN,
            Sample::Greatest(_) if is_lowest && *height == 0 => ZERO,
            _ => height
                .saturating_sub(below)
                .min(8)
                .checked_sub(1)
                .and_then(|index| BLOCKS.get(index))
                .copied()
                .unwrap_or(' '),
        });
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..rows).map(line).collect()
}

fn value(sample: &Sample) -> f64 {
    match sample {
        Sample::Unknown => 0.0,
        Sample::Greatest(value) => value.max(0.0),
    }
}

/// The height of `value` in eighths; at least one if it is not zero.
fn height(value: f64, greatest: f64, eighths: usize) -> usize {
    if value <= 0.0 || greatest <= 0.0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a cast from floating point saturates, and a plot is not higher than a screen"
    )]
    let height = (value / greatest * eighths as f64).round() as usize;
    height.clamp(1, eighths)
}

/// Parts of a whole as one bar of about `width` characters, each part with its own character. A part that is not zero has at least
/// one character.
pub fn bar(parts: &[(i64, char)], whole: i64, width: usize) -> String {
    let mut bar = String::new();
    for (part, character) in parts {
        if *part <= 0 || whole <= 0 {
            continue;
        }
        let length = i128::from(*part) * i128::try_from(width).unwrap_or_default() / i128::from(whole);
        let length = usize::try_from(length).unwrap_or_default().max(1);
        bar.extend(std::iter::repeat_n(*character, length));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::environment::Environment;
    use insights_shared::time::Clock;
    use insights_sources::view::CountLine;

    #[test]
    fn zero_unknown_low_and_high_values_look_different() {
        let samples: Vec<Sample> = [None, Some(0.0), Some(0.001), Some(5.0), Some(10.0)]
            .into_iter()
            .map(|value| value.map_or(Sample::Unknown, Sample::Greatest))
            .collect();
        assert_eq!(blocks(&samples, 1), ["·_▁▄█"]);
        assert_eq!(blocks(&samples, 2), ["    █", "·_▁██"]);
        assert_eq!(blocks(&[Sample::Unknown], 1), ["·"]);
        assert_eq!(blocks(&[Sample::Greatest(0.0)], 3), ["", "", "_"]);
    }

    #[test]
    fn counts_are_drawn_on_a_common_scale_and_hold_until_the_next() {
        let at = |text: &str| text.parse().unwrap();
        let line = |name: &str, counts: [i64; 2]| CountLine {
            name: name.to_owned(),
            points: vec![(at("2026-03-01T00:00:00Z"), counts[0]), (at("2026-03-02T00:00:00Z"), counts[1])],
        };
        let lines = vec![line("kubectl", [80, 40]), line("helm", [0, 10])];
        let session = Session::new(Environment::default(), Clock::System).in_utc(true);
        let drawn = counts(&LineChart { title: "Requests", label: String::new(), lines }, &session);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0], format!("kubectl  {}▄  80 → 40", "█".repeat(39)));
        assert_eq!(lines[1], format!("helm     {}▁  0 → 10", "_".repeat(39)));
        assert!(lines[3].contains("03-01 00:00"), "{drawn}");
    }

    #[test]
    fn a_bar_shows_each_part_that_is_not_zero() {
        assert_eq!(bar(&[(25, '█'), (75, '░')], 100, 20), "█████░░░░░░░░░░░░░░░");
        assert_eq!(bar(&[(1, '█'), (0, '▒'), (999, '░')], 1_000, 10), "█░░░░░░░░░");
        assert_eq!(bar(&[(0, '█')], 0, 10), "");
    }
}
