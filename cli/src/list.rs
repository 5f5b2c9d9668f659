//! `insights list`: insights and snapshots, filtered by subject, severity and time.

use crate::args::ListArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{csv, print, rows, say};
use crate::session::Session;
use crate::status::warnings::{About, missing_data};
use insights_query::format::{self, json};
use insights_query::importance::Importance;
use insights_query::{Error, Reader, Span};
use insights_shared::record::{Kind, Severity, Source, Stored};
use insights_sources::kinds;
use std::cmp::Reverse;

/// Runs the command.
pub async fn run(arguments: &ListArguments, session: &Session) -> Result<Exit, Failure> {
    if arguments.entity.is_none() && arguments.kind.is_some_and(|kind| !kind.is_in_ended) {
        let part = kinds().filter(|kind| kind.is_snapshot() && !kind.is_in_ended);
        let names = part.map(Kind::as_str).collect::<Vec<_>>().join(" and ");
        return Err(Failure::usage(format!(
            "--kind {names} need --entity: `account`, or an assessment's id"
        )));
    }
    if let (Some(source), Some(kind)) = (arguments.source, arguments.kind)
        && kind.source != source
    {
        return Err(Failure::usage(format!(
            "--kind {} is not a kind of --source {source}: use only one of them",
            kind.as_str()
        )));
    }
    let is_counted = arguments.source.is_some_and(Source::is_counted_by_day)
        || arguments.kind.is_some_and(|kind| !kind.is_insight());
    if arguments.open && is_counted {
        let sources = insights_sources::all().filter(|source| !source.is_counted_by_day());
        let labels = sources.map(|source| source.label).collect::<Vec<_>>().join(" and ");
        return Err(Failure::usage(format!("--open selects insights of {labels}; counts have no status")));
    }
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now())?;
    let question = async |reader: &Reader| answer(arguments, span, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &ListArguments,
    span: Span,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let all = candidates(arguments, span, reader).await?;
    let number = all.len();
    let mut records: Vec<Stored> = all.into_iter().filter(|record| passes(arguments, record)).collect();
    sort_records(&mut records, arguments.open);
    let passing = records.len();
    records.truncate(arguments.limit.map_or(usize::MAX, std::num::NonZeroUsize::get));
    if records.is_empty() {
        let asked = empty::Filters {
            source: arguments.source,
            account: arguments.account.as_deref(),
            region: arguments.region.as_deref(),
            entity: arguments.entity.as_deref(),
            passed_by: number,
            open: arguments.open,
        };
        say(&empty::reason(reader, &asked, span, session).await?);
    } else {
        let source = arguments.source.or(arguments.kind.map(|kind| kind.source));
        let (account, region) = (arguments.account.as_deref(), arguments.region.as_deref());
        if let Some(warning) = missing_data(reader, About { source, account, region }, session).await? {
            say(&warning);
        }
    }
    Ok(match arguments.look.output {
        Output::Table if records.is_empty() => String::new(),
        Output::Table => {
            let listing = rows::listing(&records, "BEGAN", reader.now(), session);
            let all = format::so_many(passing, "record", "records");
            let number = if records.len() < passing {
                format!("{} of {all}", format::count(records.len() as u64))
            } else {
                all
            };
            let began = || records.iter().filter_map(|record| record.timestamp("started_at"));
            let (from, until) = (began().min(), began().max());
            let now = reader.now();
            let times = format::times(&session.zone, from.unwrap_or(now), until.unwrap_or(now));
            format!("{listing}\n{number}; {times}. Show one: {} ID\n", session.command(&["show"]))
        }
        Output::Json => json::records(&reader.whole(&records).await?),
        Output::Csv => csv::records(&records),
    })
}

/// The records before the other filters.
async fn candidates(arguments: &ListArguments, span: Span, reader: &Reader) -> Result<Vec<Stored>, Error> {
    if let Some(entity) = &arguments.entity {
        return reader.about(entity, span).await;
    }
    let is_asked_for = |kind: &Kind| {
        arguments.kind.is_none_or(|asked| asked == *kind)
            && arguments.source.is_none_or(|source| kind.source == source)
            && (!arguments.open || kind.is_insight())
    };
    let kinds: Vec<Kind> = kinds().filter(|kind| kind.is_in_ended).filter(is_asked_for).collect();
    if arguments.open {
        return reader.open_among(&kinds, span).await;
    }
    reader.overlapping(&kinds, span).await
}

fn passes(arguments: &ListArguments, record: &Stored) -> bool {
    let is = |name: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| record.text(name) == Some(wanted));
    is("source", arguments.source.map(insights_shared::record::Source::as_str))
        && is("kind", arguments.kind.map(Kind::as_str))
        && is("account_id", arguments.account.as_deref())
        && is("region", arguments.region.as_deref())
        && is("status", arguments.open.then_some("open"))
        && arguments.severity.is_none_or(|least| severity(record) >= Some(least))
}

/// Sorts the newest first, or the worst first.
fn sort_records(records: &mut [Stored], worst_first: bool) {
    if worst_first {
        records.sort_by_key(Importance::of);
    } else {
        let key = |record: &Stored| record.text("pk").unwrap_or_default().to_owned();
        records.sort_by_key(|record| (Reverse(record.timestamp("started_at")), key(record)));
    }
}

fn severity(record: &Stored) -> Option<Severity> {
    record.text("severity").and_then(Severity::parse)
}
