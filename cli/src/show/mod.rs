//! `insights show`: everything that is stored under one key, for a person. It asks for more only where that belongs to an
//! insight: the series behind it, and what it happened together with.

mod facts;
mod graph;
mod halves;
mod other;
mod xray;

use crate::args::ShowArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::heading;
use crate::output::{csv, print};
use crate::series;
use crate::session::Session;
use insights_query::format::{add, json, wrapped};
use insights_query::incident::{Incident, REACH, incidents};
use insights_query::series::Series;
use insights_query::{Place, Reader, Span};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_sources::cloudtrail;

/// Shows.
pub async fn run(arguments: &ShowArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let question = async |reader: &Reader| answer(arguments, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(arguments: &ShowArguments, reader: &Reader, session: &Session) -> Result<String, Failure> {
    let pk = reader.find(&arguments.key).await?;
    let items = reader.partition(&pk).await?;
    if items.is_empty() {
        let failure =
            Failure::usage(format!("nothing is stored under {pk}: a listing as CSV shows whole keys"));
        return Err(failure.hint(&session.command(&["list", "--output", "csv"])));
    }
    match arguments.look.output {
        Output::Json => Ok(json::records(&items)),
        Output::Csv => Ok(csv::records(&items)),
        Output::Table => for_a_person(&pk, &items, reader, session).await,
    }
}

async fn for_a_person(
    pk: &str,
    items: &[Stored],
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let insight = items.iter().find(|item| item.text("sk") == Some("insight"));
    let Some(insight) = insight else {
        return Ok(other::page(pk, items, reader.now(), session));
    };
    let mut sections =
        vec![facts::section(pk, insight, oldest(insight, items, reader), session, reader.now())];
    if insight.text("source") == Some(insights_sources::xray::SOURCE.as_str()) {
        sections.push(xray::timeline(items, session));
        sections.extend(graph::section(insight, items, session));
    } else {
        sections.push(halves::section(insight, session));
        sections.extend(behind(insight, reader, session).await?);
    }
    sections.extend(together(pk, insight, reader, session).await?);
    Ok(sections.join("\n"))
}

/// The earliest instant that is shown of an insight.
fn oldest(insight: &Stored, items: &[Stored], reader: &Reader) -> Timestamp {
    let shown = ["started_at", "updated_at", "observed_at"];
    let instants = items.iter().flat_map(|item| shown.map(|name| item.timestamp(name))).flatten();
    let series =
        around(insight, reader).filter(|_| insight.text("source") == Some(cloudtrail::SOURCE.as_str()));
    instants.chain(series.map(|span| span.since.floor(3_600))).fold(reader.now(), Timestamp::min)
}

/// The series behind a CloudTrail insight, from as long before it as it lasted, at least three hours, to as long after it.
async fn behind(insight: &Stored, reader: &Reader, session: &Session) -> Result<Option<String>, Failure> {
    let (Some(place), Some(around)) = (Place::of(insight), around(insight, reader)) else { return Ok(None) };
    let all: Vec<Series> = reader.series(&place).await?;
    let Some(found) = all.into_iter().find(|series| series.is_behind(insight)) else { return Ok(None) };
    let states = reader.states(cloudtrail::SOURCE).await?;
    let line = reader.line(&found, states.get(&place), around, None).await?;
    let title = format!("The numbers around it: {}", found.title());
    let plotted = series::plotted(&line, series::HIGH, session);
    Ok(Some(heading(&title, session) + &plotted + &series::unavailable_note(&found, session)))
}

/// A time that shows what was usual before and after an insight.
pub fn around(insight: &Stored, reader: &Reader) -> Option<Span> {
    const LEAST: i64 = 3 * 3_600;
    let started_at = insight.timestamp("started_at")?;
    let ended_at = insight.timestamp("ended_at").unwrap_or(reader.now());
    let margin = (ended_at.millis_since(started_at) / 1_000).clamp(LEAST, 2 * 86_400);
    let until = ended_at.plus_seconds(margin).min(reader.now()).max(ended_at);
    Some(Span { since: started_at.plus_seconds(-margin), until })
}

/// What the insight happened together with.
async fn together(
    pk: &str,
    insight: &Stored,
    reader: &Reader,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let Some(incident) = incident_of(pk, insight, reader).await? else { return Ok(None) };
    let mut text = heading("What belongs together", session) + &wrapped(&incident.sentence(), session.width);
    for member in incident.members() {
        let insight = &member.occurrence.insight;
        if let Some(other) = insight.text("pk").filter(|other| *other != pk) {
            add(&mut text, format_args!("  {}\n", session.command(&["show"]).key(other)));
        }
    }
    Ok(Some(text))
}

/// The incident that an insight is part of, if there is more to it.
async fn incident_of(pk: &str, insight: &Stored, reader: &Reader) -> Result<Option<Incident>, Failure> {
    let Some(started_at) = insight.timestamp("started_at") else { return Ok(None) };
    // Its lead may have begun so much earlier, and that one's other followers so much later.
    let reach = 2 * REACH / 1_000;
    let span = Span { since: started_at.plus_seconds(-reach), until: started_at.plus_seconds(reach) };
    let mut near = reader.overlapping(&[insights_sources::xray::INSIGHT, cloudtrail::INSIGHT], span).await?;
    near.retain(|other| other.timestamp("started_at").is_some_and(|other| other >= span.since));
    let found = incidents(reader.occurrences(near).await?);
    Ok(found.into_iter().find(|incident| incident.is_correlated() && incident.holds(pk)))
}
