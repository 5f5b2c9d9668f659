//! `insights series`: CloudTrail's metric series as plots, chunks or buckets, and the trails that are not available. How periods become one line is
//! `read::line`'s.

use crate::args::SeriesArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::axis::Axis;
use crate::output::tabular::heading;
use crate::output::{csv, plot, print, say};
use crate::session::Session;
use insights_query::format::{add, instant, json, period, plain, so_many, thousands, times, wrapped};
use insights_query::line::{Line, Sample};
use insights_query::series::{SOURCE, Series, Trail};
use insights_query::{Place, Reader, Span, unavailable};
use insights_shared::catalog::Unavailable;
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::time::DAY_SECONDS;
use std::collections::BTreeSet;

/// Rows of a plot that has the page for itself.
pub const HIGH: usize = 6;
/// Rows of one of many plots.
const LOW: usize = 2;
/// So many series have room for high plots.
const FEW: usize = 2;
/// Wider than this, the eye loses the line.
const WIDEST: u16 = 140;

/// The days for which an insight keeps its series live.
const LIVE_DAYS: i64 = 90;

/// Shows the series.
pub async fn run(arguments: &SeriesArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now())?;
    let question = async |reader: &Reader| answer(arguments, span, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &SeriesArguments,
    span: Span,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let states = reader.series_states().await?;
    let mut places: BTreeSet<Place> = states.keys().cloned().collect();
    // A window writes no state: the insights that name series tell where it was.
    let live = Span::last(LIVE_DAYS * DAY_SECONDS, reader.now());
    let insights = reader.overlapping(&SOURCE.insight_kinds().collect::<Vec<_>>(), live).await?;
    places.extend(insights.iter().filter_map(Place::of));
    let (mut all, mut trails) = (Vec::new(), Vec::new());
    for place in &places {
        all.extend(reader.series(place).await?);
        trails.extend(reader.trails(place).await?);
    }
    trails.retain(|trail| trail.unavailable().is_some());
    trails.retain(|trail| arguments.text.as_deref().is_none_or(|text| holds(&trail.arn, text)));
    let known = all.len();
    all.retain(|series| arguments.text.as_deref().is_none_or(|text| contains(series, text)));
    if all.is_empty() && trails.is_empty() {
        say(&nothing(arguments, known, span, reader, session).await?);
    }
    if arguments.look.output == Output::Json {
        let mut chunks: Vec<Stored> = Vec::new();
        for series in &all {
            chunks.extend(reader.chunks(series, span, arguments.period).await?);
            // Its row says since when there are none, and why.
            chunks.extend(series.unavailable().and_then(|_| series.row.stored().cloned()));
        }
        chunks.extend(trails.into_iter().filter_map(|trail| trail.row.stored().cloned()));
        return Ok(json::records(&chunks));
    }
    let lines = reader.lines(all, &states, span, arguments.period).await?;
    Ok(match arguments.look.output {
        Output::Csv => buckets(&lines, &trails),
        _ if lines.is_empty() => trails_page(&trails, session),
        _ => page(&lines, reader, session) + &trails_page(&trails, session),
    })
}

/// Whether the key of `series`, or a name in it, contains `text`, in whatever case.
fn contains(series: &Series, text: &str) -> bool {
    let trail = series.key.trail.as_deref().unwrap_or_default();
    let error = series.key.error_code.as_deref().unwrap_or_default();
    [series.pk.as_str(), error, trail].into_iter().any(|part| holds(part, text))
}

/// Whether `part` contains `text`, in whatever case.
fn holds(part: &str, text: &str) -> bool {
    part.to_lowercase().contains(&text.to_lowercase())
}

async fn nothing(
    arguments: &SeriesArguments,
    known: usize,
    span: Span,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    if known > 0 {
        let text = arguments.text.as_deref().unwrap_or_default();
        let others = so_many(known, "series is", "series are");
        let command = session.command(&["series"]);
        return Ok(format!("no key contains \"{text}\": {others} known, see `{command}`"));
    }
    let asked = empty::Asked { source: Some(SOURCE), ..empty::Asked::default() };
    empty::reason(reader, &asked, span, session).await
}

fn page(lines: &[(Series, Line)], reader: &Reader, session: &Session) -> String {
    let places: BTreeSet<_> = lines.iter().map(|(series, _)| &series.place).collect();
    let rows = if lines.len() <= FEW { HIGH } else { LOW };
    let mut text = String::new();
    for (series, line) in lines {
        let place = match places.len() {
            1 => String::new(),
            _ => format!(", {} {}", series.place.account_id, series.place.region),
        };
        let trail = series.key.trail.as_ref().map_or(String::new(), |trail| format!(", {}", plain(trail)));
        let title = format!("{}, {}{trail}{place}", series.title(), series.key.event_source);
        text.push_str(&heading(wrapped(&plain(&title), session.width).trim_end(), session));
        text.push_str(&plotted(line, rows, session));
        text.push_str(&unavailable_note(series, session));
        text.push('\n');
    }
    let number = so_many(lines.len(), "series", "series");
    let from = lines.iter().map(|(_, line)| line.span.since).min().unwrap_or(reader.now());
    let until = lines.iter().map(|(_, line)| line.span.until).max().unwrap_or(reader.now());
    text + &format!("{number}; {}; {}\n", plot::LEGEND, times(&session.zone, from, until))
}

/// Why there is no more of a series, and since when, if it is not available.
pub fn unavailable_note(series: &Series, session: &Session) -> String {
    series.unavailable().map_or_else(String::new, |unavailable| {
        wrapped(
            &unavailable::sentence(unavailable, series.key.trail.as_deref(), &session.zone),
            session.width,
        )
    })
}

/// The trails that are not available, each with the reason.
fn trails_page(trails: &[Trail], session: &Session) -> String {
    if trails.is_empty() {
        return String::new();
    }
    let mut text = heading("Trails that are not available", session);
    for trail in trails {
        let Trail { place, arn, .. } = trail;
        let Some(unavailable) = trail.unavailable() else { continue };
        let sentence = unavailable::sentence(unavailable, Some(arn), &session.zone);
        let place = format!("{} {}", place.account_id, place.region);
        text.push_str(&wrapped(&plain(&format!("{arn}, {place}: {sentence}")), session.width));
    }
    text
}

/// A line as a plot over its axis, with its greatest value and its periods below.
pub fn plotted(line: &Line, rows: usize, session: &Session) -> String {
    let width = usize::from(session.width.min(WIDEST));
    let samples = line.samples(width);
    let mut text = String::new();
    if samples.iter().all(|sample| *sample == Sample::Unknown) {
        return "nothing is known of that time\n".to_owned();
    }
    let rows = if line.points.is_empty() { 1 } else { rows };
    for row in plot::blocks(&samples, rows) {
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
            parts.push(format!("at most {} in {} at {at}", amount(peak.value), period(peak.period)));
        }
        None => parts.push("always zero where it is known".to_owned()),
    }
    // Where the period changes the heights do, too: a coarser point stands for a longer time.
    let periods: Vec<i64> = line.stretches.iter().map(|stretch| stretch.period).collect();
    let distinct: BTreeSet<i64> = periods.iter().copied().collect();
    if let [only] = distinct.iter().copied().collect::<Vec<_>>()[..] {
        parts.push(format!("points are {} apart", period(only)));
    } else {
        for pair in line.stretches.windows(2) {
            if let [before, after] = pair
                && before.period != after.period
            {
                let at = instant(after.from, &session.zone);
                parts.push(format!(
                    "{} apart until {at}, then {}",
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

/// A row for each bucket that is known, zeros too. What is unknown has no row; but a series or a trail that is not available has
/// one without a time that says since when, and why.
fn buckets(lines: &[(Series, Line)], trails: &[Trail]) -> String {
    let header = [
        "account_id",
        "region",
        "event_source",
        "event_name",
        "insight_type",
        "error_code",
        "trail_arn",
        "time",
        "period",
        "value",
        "unavailable_since",
        "unavailable_code",
        "unavailable_asked_at",
    ];
    let mut text = csv::row(header);
    for (series, line) in lines {
        let of_series = [
            series.place.account_id.as_str(),
            &series.place.region,
            &series.key.event_source,
            &series.key.event_name,
            &series.key.insight_type,
            series.key.error_code.as_deref().unwrap_or_default(),
            series.key.trail.as_deref().unwrap_or_default(),
        ];
        for bucket in line.buckets() {
            let (at, period) = (bucket.at.to_string(), bucket.period.to_string());
            let value = csv::number(bucket.value);
            let rest = [at.as_str(), &period, &value, "", "", ""];
            text.push_str(&csv::row(of_series.into_iter().chain(rest)));
        }
        if let Some(Unavailable { code, since, asked_at }) = series.unavailable() {
            let (since, asked_at) = (since.to_string(), asked_at.to_string());
            let rest = ["", "", "", &since, code, &asked_at];
            text.push_str(&csv::row(of_series.into_iter().chain(rest)));
        }
    }
    for trail in trails {
        let Trail { place, arn, .. } = trail;
        let Some(Unavailable { code, since, asked_at }) = trail.unavailable() else { continue };
        let (since, asked_at) = (since.to_string(), asked_at.to_string());
        let of_trail = [place.account_id.as_str(), &place.region, "", "", "", "", arn];
        text.push_str(&csv::row(of_trail.into_iter().chain(["", "", "", &since, code, &asked_at])));
    }
    text
}
