//! `insights show`: all items of a key. For an insight, it also reads the metric series behind it and the incident.

mod facts;
mod other;

use crate::args::ShowArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::incidents;
use crate::location::Opened;
use crate::output::tabular::heading;
use crate::output::{csv, print, sections};
use crate::session::Session;
use insights_query::format::{add, json, wrapped};
use insights_query::incident::Incident;
use insights_query::{Margin, Reader};
use insights_shared::record::Stored;
use insights_shared::time::{DAY_SECONDS, Timestamp};

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
    if let Some(incident) = reader.incident(&arguments.key).await? {
        return incident_in(&incident, arguments.look.output, reader, session).await;
    }
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

/// An incident in the requested form: as JSON with its insights, whole.
async fn incident_in(
    incident: &Incident,
    output: Output,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let members: Vec<Stored> =
        incident.members().iter().map(|member| member.occurrence.insight.clone()).collect();
    match output {
        Output::Table => Ok(incidents::one(incident, reader.now(), session)),
        Output::Json => {
            let whole = reader.whole(&members).await?;
            Ok(json::records(&[vec![incident.to_record()], whole].concat()))
        }
        Output::Csv => Ok(incidents::csv_rows(std::slice::from_ref(incident))),
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
    let marked = reader.with_failures(vec![insight.clone()], None).await?;
    let marked = reader.with_acks(marked).await?;
    let insight = marked.first().unwrap_or(insight);
    let shown = ["started_at", "updated_at", "observed_at"];
    let instants = items.iter().flat_map(|item| shown.map(|name| item.timestamp(name))).flatten();
    let oldest = instants.chain(detail.oldest()).fold(reader.now(), Timestamp::min);
    let mut sections = vec![facts::section(pk, insight, oldest, session, reader.now())];
    sections.extend(sections::of_record(insight, &detail, session));
    sections.extend(correlated(pk, insight, reader, session).await?);
    Ok(sections.join("\n"))
}

/// The incident of the insight, if it has other insights.
async fn correlated(
    pk: &str,
    insight: &Stored,
    reader: &Reader,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let incident = reader.incident_of(insight).await?;
    let Some(incident) = incident.filter(Incident::is_correlated) else { return Ok(None) };
    let mut text = heading(&format!("Related insights: incident {}", incident.id()), session)
        + &wrapped(&incident.sentence(), session.width);
    for member in incident.members() {
        let insight = &member.occurrence.insight;
        if let Some(other) = insight.text("pk").filter(|other| *other != pk) {
            add(&mut text, format_args!("  {}\n", session.command(&["show"]).key(other)));
        }
    }
    Ok(Some(text))
}
