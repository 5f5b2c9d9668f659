//! `insights timeline`: all sources on one time axis, and the incidents.

mod lanes;

use crate::args::TimelineArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::heading;
use crate::output::{csv, print, say};
use crate::session::Session;
use crate::show::MARGIN;
use crate::status::warnings::{About, missing_data};
use insights_query::format::{add, instant, json, so_many, times, wrapped};
use insights_query::incident::{Incident, worst_first};
use insights_query::{Reader, Span};
use insights_shared::record::{Kind, Stored};
use insights_shared::time::Timestamp;

/// The maximum number of incidents.
const MAX_INCIDENTS: usize = 10;

/// Runs the command.
pub async fn run(arguments: &TimelineArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    // The arguments are validated before any call.
    arguments.within.span(session.clock.now())?;
    let question = async |reader: &Reader| answer(arguments, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &TimelineArguments,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let (span, centre) = match &arguments.around {
        None => (arguments.within.span(reader.now())?, None),
        Some(text) => {
            let pk = reader.find(text).await?;
            (arguments.within.span_within(span_around(&pk, reader).await?, reader.now())?, Some(pk))
        }
    };
    let kinds: Vec<Kind> = insights_sources::kinds().filter(|kind| kind.is_in_ended).collect();
    let mut records = reader.overlapping(&kinds, span).await?;
    records.sort_by_key(|record| (record.timestamp("started_at"), record.text("pk").map(str::to_owned)));
    if records.is_empty() {
        say(&empty::reason(reader, &empty::Filters::default(), span, session).await?);
    } else if let Some(warning) = missing_data(reader, About::default(), session).await? {
        say(&warning);
    }
    match arguments.look.output {
        Output::Json => Ok(json::records(&reader.whole(&records).await?)),
        Output::Csv => Ok(csv::records(&records)),
        Output::Table if records.is_empty() => Ok(String::new()),
        Output::Table => page(records, span, centre.as_deref(), reader, session).await,
    }
}

/// The period around an insight.
async fn span_around(pk: &str, reader: &Reader) -> Result<Span, Failure> {
    let items = reader.partition(pk).await?;
    let insight = items.iter().find(|item| item.text("sk") == Some("insight"));
    let span = insight.and_then(|insight| MARGIN.around(insight, reader.now()));
    span.ok_or_else(|| {
        Failure::usage(format!("{pk} is not an insight; --around needs the key or id of an insight"))
    })
}

async fn page(
    records: Vec<Stored>,
    span: Span,
    centre: Option<&str>,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let is_insight = |record: &Stored| insights_sources::kind_of(record).is_some_and(Kind::is_insight);
    let number = records.iter().filter(|record| is_insight(record)).count();
    let (since, until) = (instant(span.since, &session.zone), instant(span.until, &session.zone));
    let title = format!("{} from {since} to {until}", so_many(number, "insight", "insights"));
    let mut text = heading(&title, session);
    text.push_str(&lanes::render(&records, span, centre, session));
    let insights: Vec<Stored> = records.into_iter().filter(is_insight).collect();
    let mut incidents = reader.incidents(insights, usize::MAX).await?;
    incidents.retain(Incident::is_correlated);
    if let Some(pk) = centre {
        incidents.retain(|incident| incident.holds(pk));
    }
    worst_first(&mut incidents);
    let oldest = incidents.iter().map(Incident::started_at).fold(span.since, Timestamp::min);
    add(&mut text, format_args!("\n{}; {}\n", lanes::LEGEND, times(&session.zone, oldest, span.until)));
    text.push_str(&render_incidents(&incidents, session));
    Ok(text)
}

fn render_incidents(incidents: &[Incident], session: &Session) -> String {
    if incidents.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}", heading("Incidents, the worst first", session));
    for incident in incidents.iter().take(MAX_INCIDENTS) {
        let began = instant(incident.started_at(), &session.zone);
        let state = if incident.ended_at().is_none() { ", open" } else { "" };
        let line = format!("{began}  {}{state}: {}", incident.severity().as_str(), incident.sentence());
        text.push_str(&wrapped(&line, session.width));
    }
    if let Some(more) = incidents.len().checked_sub(MAX_INCIDENTS).filter(|more| *more > 0) {
        add(&mut text, format_args!("and {more} more; use a shorter period\n"));
    }
    text
}
