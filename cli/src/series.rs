//! `insights series`: metric series as plots, chunks or buckets, and the trails that are not available. `insights_query::line`
//! combines the periods into one line.

use crate::args::SeriesArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{csv, plot, print, say, sections};
use crate::session::Session;
use insights_query::format::{add, json, so_many, times};
use insights_query::line::Line;
use insights_query::series::{Series, Trail, sources};
use insights_query::{Detail, Place, Reader, Span, unavailable};
use insights_shared::catalog::Unavailable;
use insights_shared::record::{Source, Stored};
use insights_shared::time::DAY_SECONDS;
use insights_sources::view::{Explanation, Explanations, Section, SeriesChart};
use std::collections::BTreeSet;

/// The maximum number of series with large plots.
const MAX_LARGE_PLOTS: usize = 2;

/// The number of days for which an insight keeps its series live.
const LIVE_DAYS: i64 = 90;

/// Runs the command.
pub async fn run(arguments: &SeriesArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now(), &session.zone)?;
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
    let filters = &arguments.filters.selection();
    let states = reader.series_states().await?;
    let mut places: BTreeSet<Place> = states.keys().map(|(_, place)| place.clone()).collect();
    // A backfill writes no state, so the insights that name series determine its targets.
    let live = Span::last(LIVE_DAYS * DAY_SECONDS, reader.now());
    let insights =
        reader.overlapping(&sources().flat_map(Source::insight_kinds).collect::<Vec<_>>(), live).await?;
    places.extend(insights.iter().filter_map(Place::of));
    places.retain(|place| filters.selects_place(place));
    let (mut all, mut trails) = (Vec::new(), Vec::new());
    for place in &places {
        all.extend(reader.series(place).await?);
        trails.extend(reader.trails(place).await?);
    }
    all.retain(|series| {
        filters.selects_source(series.source) && filters.selects_entity(&series.key.event_source)
    });
    // A trail is about no entity.
    trails.retain(|trail| filters.selects_source(trail.source) && filters.entity.is_empty());
    trails.retain(|trail| trail.unavailable().is_some());
    trails.retain(|trail| arguments.text.as_deref().is_none_or(|text| contains_text(&trail.arn, text)));
    let known = all.len();
    all.retain(|series| arguments.text.as_deref().is_none_or(|text| contains(series, text)));
    if all.is_empty() && trails.is_empty() {
        say(&nothing(arguments, known, span, reader, session).await?);
    }
    if arguments.look.output == Output::Json {
        let mut chunks: Vec<Stored> = Vec::new();
        for series in &all {
            chunks.extend(reader.chunks(series, span, arguments.period).await?);
            // The catalog row contains the time and reason.
            chunks.extend(series.unavailable().and_then(|_| series.row.stored().cloned()));
        }
        chunks.extend(trails.into_iter().filter_map(|trail| trail.row.stored().cloned()));
        return Ok(json::records(&chunks));
    }
    let lines = reader.lines(all, &states, span, arguments.period).await?;
    Ok(match arguments.look.output {
        Output::Csv => buckets(&lines, &trails),
        _ if lines.is_empty() => unavailable_trails(&trails, session),
        _ => page(&lines, reader, session) + &unavailable_trails(&trails, session),
    })
}

/// Whether the key of `series` or a name in it contains `text`, case-insensitive.
fn contains(series: &Series, text: &str) -> bool {
    let trail = series.key.trail.as_deref().unwrap_or_default();
    let error = series.key.error_code.as_deref().unwrap_or_default();
    [series.pk.as_str(), error, trail].into_iter().any(|part| contains_text(part, text))
}

/// Whether `part` contains `text`, case-insensitive.
fn contains_text(part: &str, text: &str) -> bool {
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
        return Ok(format!("no series key contains \"{text}\"; {others} known, see `{command}`"));
    }
    let mut filters = arguments.filters.selection();
    if filters.source.is_empty() {
        filters.source = sources().collect();
    }
    empty::reason(reader, &empty::Requested::with(&filters), span, session).await
}

fn page(lines: &[(Series, Line)], reader: &Reader, session: &Session) -> String {
    let places: BTreeSet<_> = lines.iter().map(|(series, _)| &series.place).collect();
    let height = if lines.len() <= MAX_LARGE_PLOTS { plot::HIGH } else { plot::LOW };
    let mut text = String::new();
    for (series, line) in lines {
        let mut title = format!("{}, {}", series.key.title(), series.key.event_source);
        if let Some(trail) = &series.key.trail {
            add(&mut title, format_args!(", {trail}"));
        }
        if places.len() > 1 {
            add(&mut title, format_args!(", {} {}", series.place.account_id, series.place.region));
        }
        let chart = SeriesChart { title, key: series.key.clone(), baseline: None, missing: "" };
        text.push_str(&sections::render_series(&chart, series, line, height, session));
        text.push('\n');
    }
    let number = so_many(lines.len(), "series", "series");
    let from = lines.iter().map(|(_, line)| line.span.since).min().unwrap_or(reader.now());
    let until = lines.iter().map(|(_, line)| line.span.until).max().unwrap_or(reader.now());
    text + &format!("{number}; {}; {}\n", plot::LEGEND, times(&session.zone, from, until))
}

/// The unavailable trails with reasons.
fn unavailable_trails(trails: &[Trail], session: &Session) -> String {
    let explanation = |trail: &Trail| {
        let Trail { source, place, arn, .. } = trail;
        let text = unavailable::sentence(trail.unavailable()?, *source, Some(arn), &session.zone);
        let about = format!("{arn}, {} {}", place.account_id, place.region);
        Some(Explanation { about, text, command: None })
    };
    let entries: Vec<Explanation> = trails.iter().filter_map(explanation).collect();
    if entries.is_empty() {
        return String::new();
    }
    let section = Section::Explanations(Explanations { title: "Unavailable trails", entries });
    sections::render(&[section], &Detail::default(), session).concat()
}

/// One row for each known bucket, zeros included. Unknown buckets have no row. An unavailable series or trail has one
/// row without a time, with the reason and since when.
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
