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
use crate::status::warnings::missing_data;
use insights_query::ack::is_acknowledged;
use insights_query::format::{add, instant, json, so_many, times, wrapped};
use insights_query::incident::{Incident, worst_first};
use insights_query::periods::copy_marks;
use insights_query::{Reader, Selection, Span};
use insights_shared::record::{Kind, Stored};
use insights_shared::time::Timestamp;

/// The maximum number of incidents.
const MAX_INCIDENTS: usize = 10;

/// Runs the command.
pub async fn run(arguments: &TimelineArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    // The arguments are validated before any call.
    arguments.within.span(session.clock.now(), &session.zone)?;
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
        None => (arguments.within.span(reader.now(), &session.zone)?, None),
        Some(text) => {
            let pk = reader.find(text).await?;
            (
                arguments.within.span_within(span_around(&pk, reader).await?, reader.now(), &session.zone)?,
                Some(pk),
            )
        }
    };
    let filters = &arguments.filters.selection();
    let kinds =
        insights_sources::kinds().filter(|kind| kind.is_in_ended && filters.selects_source(kind.source));
    let mut records = reader.overlapping(&kinds.collect::<Vec<_>>(), span).await?;
    let passed_by = records.len();
    records.retain(|record| filters.selects(record));
    records = reader.with_acks(reader.with_failures(records, None).await?).await?;
    records.sort_by_key(|record| (record.timestamp("started_at"), record.text("pk").map(str::to_owned)));
    if records.is_empty() {
        let requested = empty::Requested { filters, passed_by, open: false };
        say(&empty::reason(reader, &requested, span, session).await?);
    } else if let Some(warning) = missing_data(reader, filters, session).await? {
        say(&warning);
    }
    match arguments.look.output {
        Output::Json => {
            let mut whole = reader.whole(&records).await?;
            copy_marks(&records, &mut whole);
            let incidents = related(filters, span, centre.as_deref(), reader).await?;
            whole.extend(incidents.iter().map(Incident::to_record));
            Ok(json::records(&whole))
        }
        Output::Csv => {
            let incidents = related(filters, span, centre.as_deref(), reader).await?;
            records.extend(incidents.iter().map(Incident::to_record));
            Ok(csv::records(&records))
        }
        Output::Table if records.is_empty() => Ok(String::new()),
        Output::Table => {
            let incidents = related(filters, span, centre.as_deref(), reader).await?;
            Ok(page(&records, &incidents, span, centre.as_deref(), session))
        }
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

/// The incidents with an insight that the filters select, the worst first; with `centre` the one with this insight.
async fn related(
    filters: &Selection,
    span: Span,
    centre: Option<&str>,
    reader: &Reader,
) -> Result<Vec<Incident>, Failure> {
    let mut incidents = reader.incidents_within(span).await?;
    incidents.retain(|incident| {
        let members = || incident.members().iter().map(|member| &member.occurrence.insight);
        incident.is_correlated()
            && members().any(|insight| filters.selects(insight))
            && centre.is_none_or(|pk| incident.holds(pk))
    });
    worst_first(&mut incidents);
    Ok(incidents)
}

fn page(
    records: &[Stored],
    incidents: &[Incident],
    span: Span,
    centre: Option<&str>,
    session: &Session,
) -> String {
    let is_insight = |record: &Stored| insights_sources::kind_of(record).is_some_and(Kind::is_insight);
    let number = records.iter().filter(|record| is_insight(record)).count();
    let (since, until) = (instant(span.since, &session.zone), instant(span.until, &session.zone));
    let title = format!("{} from {since} to {until}", so_many(number, "insight", "insights"));
    let mut text = heading(&title, session);
    text.push_str(&lanes::render(records, span, centre, session));
    let known = records.iter().filter(|record| is_acknowledged(record)).count();
    if known > 0 {
        add(
            &mut text,
            format_args!("\n{} acknowledged (marked ~)\n", so_many(known, "insight is", "insights are")),
        );
    }
    let oldest = incidents.iter().map(Incident::started_at).fold(span.since, Timestamp::min);
    add(&mut text, format_args!("\n{}; {}\n", lanes::LEGEND, times(&session.zone, oldest, span.until)));
    text.push_str(&render_incidents(incidents, session));
    text
}

fn render_incidents(incidents: &[Incident], session: &Session) -> String {
    if incidents.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}", heading("Incidents, the worst first", session));
    for incident in incidents.iter().take(MAX_INCIDENTS) {
        let began = instant(incident.started_at(), &session.zone);
        let state = if incident.ended_at().is_none() { ", open" } else { "" };
        let severity = incident.severity().as_str();
        let line = format!("{began}  {}  {severity}{state}: {}", incident.id(), incident.sentence());
        text.push_str(&wrapped(&line, session.width));
    }
    if let Some(more) = incidents.len().checked_sub(MAX_INCIDENTS).filter(|more| *more > 0) {
        add(&mut text, format_args!("and {more} more; `{}` lists all\n", session.command(&["incidents"])));
    }
    text
}
