//! `insights ack`: marks an insight, or all insights of an incident, as known.

use crate::args::AckArguments;
use crate::embedded::file::Purpose;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{print, rows};
use crate::session::Session;
use insights_query::ack::{ACK, Acknowledgement, members};
use insights_query::format::{add, plain};
use insights_query::input::When;
use insights_query::{Place, Reader};
use insights_shared::record::{Kind, Stored};
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use insights_sources::{kind_of, source_of};

/// The longest note in characters.
const LONGEST_NOTE: usize = 1_000;

/// Runs the command.
pub async fn run(arguments: &AckArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.at(&arguments.location);
    let now = session.clock.now();
    let until = arguments.until.map(|until| time_of(until, now));
    if let Some(until) = until.filter(|until| *until <= now) {
        return Err(Failure::usage(format!("--until {until} is not after now, {now}")));
    }
    if arguments.note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        return Err(Failure::usage(format!("--note must be at most {LONGEST_NOTE} characters")));
    }
    let ack = Acknowledgement {
        until,
        note: arguments.note.clone(),
        by: ["USER", "USERNAME"].iter().find_map(|name| session.environment.get(name)).map(str::to_owned),
    };
    let opened = Opened::open_for(Purpose::Write, &arguments.location, &session).await?;
    let done = if arguments.clear {
        clear(&arguments.key, &opened.reader).await
    } else {
        acknowledge(&arguments.key, &ack, &opened.reader).await
    };
    opened.close().await;
    print(&done?)?;
    Ok(Exit::Done)
}

/// A length of time is one from now on: an acknowledgement lies in the future.
fn time_of(until: When, now: Timestamp) -> Timestamp {
    match until {
        When::Ago(seconds) => now.plus_seconds(seconds),
        other => other.end(now),
    }
}

/// The insights that `key` means.
async fn insights(key: &str, reader: &Reader) -> Result<Vec<Stored>, Failure> {
    if let Some(incident) = reader.incident(key).await? {
        let members = incident.members().iter();
        return Ok(members.map(|member| member.occurrence.insight.clone()).collect());
    }
    let pk = reader.find(key).await?;
    let items = reader.partition(&pk).await?;
    let is_insight = |item: &&Stored| kind_of(item).is_some_and(Kind::is_insight);
    match items.iter().find(is_insight) {
        Some(insight) => Ok(vec![insight.clone()]),
        None => Err(Failure::usage(format!("{pk} is not an insight: only insights can be acknowledged"))),
    }
}

async fn acknowledge(key: &str, ack: &Acknowledgement, reader: &Reader) -> Result<String, Failure> {
    let mut text = String::new();
    for mut insight in insights(key, reader).await? {
        let stored = reader.acknowledge(&insight, ack, retention_days(&insight, reader).await?).await?;
        insight.0.insert(ACK.into(), Value::Map(members(&stored)));
        let known = rows::acknowledged(&insight).unwrap_or_default();
        add(&mut text, format_args!("{}: {known}\n", plain(insight.text("title").unwrap_or_default())));
    }
    Ok(text)
}

async fn clear(key: &str, reader: &Reader) -> Result<String, Failure> {
    let mut text = String::new();
    for insight in insights(key, reader).await? {
        let was_known = reader.clear_ack(insight.text("pk").unwrap_or_default()).await?;
        let done = if was_known { "no longer acknowledged" } else { "was not acknowledged" };
        add(&mut text, format_args!("{}: {done}\n", plain(insight.text("title").unwrap_or_default())));
    }
    Ok(text)
}

/// How long the records of an insight's target are kept, in days; 0 is for ever.
async fn retention_days(insight: &Stored, reader: &Reader) -> Result<i64, Failure> {
    let Some(source) = source_of(insight) else { return Ok(0) };
    let states = reader.states(source).await?;
    let state = Place::of(insight).and_then(|place| states.get(&place)?.integer("retention_days"));
    Ok(state.unwrap_or(source.retention_days))
}
