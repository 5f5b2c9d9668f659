//! `insights show`: all items of a key. For an insight, it also reads the metric series behind it and the incident.

mod facts;
mod other;

use crate::args::ShowArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::heading;
use crate::output::{csv, print, sections};
use crate::session::Session;
use insights_query::format::{add, json, wrapped};
use insights_query::incident::{Incident, REACH};
use insights_query::{Margin, Reader, Span};
use insights_shared::record::Stored;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::insight_kinds;

/// The time before and after an insight for which a metric series is shown.
pub const MARGIN: Margin = Margin { least: 3 * 3_600, most: 2 * DAY_SECONDS, longest: i64::MAX };

/// Runs the command.
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
        let failure = Failure::usage(format!(
            "no items with the key {pk}; `insights list --output csv` shows complete keys"
        ));
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
    let known = reader.known_series([insight]).await?;
    let detail = reader.detail_of(insight, items.to_vec(), &known, MARGIN).await?;
    let shown = ["started_at", "updated_at", "observed_at"];
    let instants = items.iter().flat_map(|item| shown.map(|name| item.timestamp(name))).flatten();
    let oldest = instants.chain(detail.oldest()).fold(reader.now(), Timestamp::min);
    let mut sections = vec![facts::section(pk, insight, oldest, session, reader.now())];
    sections.extend(sections::of_record(insight, &detail, session));
    sections.extend(together(pk, insight, reader, session).await?);
    Ok(sections.join("\n"))
}

/// The incident of the insight.
async fn together(
    pk: &str,
    insight: &Stored,
    reader: &Reader,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let Some(incident) = incident_of(pk, insight, reader).await? else { return Ok(None) };
    let mut text = heading("Related insights", session) + &wrapped(&incident.sentence(), session.width);
    for member in incident.members() {
        let insight = &member.occurrence.insight;
        if let Some(other) = insight.text("pk").filter(|other| *other != pk) {
            add(&mut text, format_args!("  {}\n", session.command(&["show"]).key(other)));
        }
    }
    Ok(Some(text))
}

/// The incident of an insight, if it has other insights.
async fn incident_of(pk: &str, insight: &Stored, reader: &Reader) -> Result<Option<Incident>, Failure> {
    let Some(started_at) = insight.timestamp("started_at") else { return Ok(None) };
    // The first insight of the incident can begin this much earlier, and other insights of the incident this much later
    // than the first.
    let reach = 2 * REACH / 1_000;
    let span = Span { since: started_at.plus_seconds(-reach), until: started_at.plus_seconds(reach) };
    let mut near = reader.overlapping(&insight_kinds().collect::<Vec<_>>(), span).await?;
    near.retain(|other| other.timestamp("started_at").is_some_and(|other| other >= span.since));
    let found = reader.incidents(near, usize::MAX).await?;
    Ok(found.into_iter().find(|incident| incident.is_correlated() && incident.holds(pk)))
}
