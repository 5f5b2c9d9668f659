//! `insights list`: insights and snapshots, filtered by subject, severity and time.

use crate::args::ListArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{csv, print, rows, say};
use crate::session::Session;
use crate::status::warnings::missing_data;
use crate::watch;
use insights_query::ack::is_acknowledged;
use insights_query::format::{self, instant, json};
use insights_query::importance::Importance;
use insights_query::periods::{began, copy_marks};
use insights_query::{Error, Reader, Selection, Span};
use insights_shared::record::{Kind, Severity, Stored};
use insights_sources::view::{self, Names};
use insights_sources::{kind_of, kinds};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Runs the command.
pub async fn run(arguments: &ListArguments, session: &Session) -> Result<Exit, Failure> {
    check(arguments)?;
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now(), &session.zone)?;
    if !arguments.watch {
        let question =
            async |reader: &Reader| answer(arguments, span, reader, &BTreeSet::new(), &session).await;
        print(&Opened::ask(&arguments.location, &session, question).await?.text)?;
        return Ok(Exit::Done);
    }
    let mut seen: Option<BTreeSet<String>> = None;
    watch::run(&arguments.location, &session, async |reader: &Reader| {
        // The period moves with the clock.
        let span = arguments.within.span(reader.now(), &session.zone)?;
        let known = seen.clone().unwrap_or_default();
        let mut answer = answer(arguments, span, reader, &known, &session).await?;
        let new = answer.keys.difference(&known).count();
        let note = match &seen {
            Some(_) if new > 0 => format!("; {new} new"),
            _ => String::new(),
        };
        answer.text += &["as of ", &instant(reader.now(), &session.zone), &note, "\n\n"].concat();
        seen.get_or_insert_default().extend(answer.keys);
        Ok(answer.text)
    })
    .await
}

/// Rejects options that contradict each other.
fn check(arguments: &ListArguments) -> Result<(), Failure> {
    let filters = &arguments.filters.selection();
    if filters.entity.is_empty() && arguments.kind.is_some_and(|kind| !kind.is_in_ended) {
        let part = kinds().filter(|kind| kind.is_snapshot() && !kind.is_in_ended);
        let names = part.map(Kind::as_str).collect::<Vec<_>>().join(" and ");
        return Err(Failure::usage(format!(
            "--kind {names} need --entity: `account`, or an assessment's id"
        )));
    }
    if let Some(kind) = arguments.kind
        && !filters.selects_source(kind.source)
    {
        let sources = filters.source.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(" or ");
        return Err(Failure::usage(format!(
            "--kind {} is not a kind of --source {sources}: use only one of them",
            kind.as_str()
        )));
    }
    let is_counted = (!filters.source.is_empty()
        && filters.source.iter().all(|source| source.is_counted_by_day()))
        || arguments.kind.is_some_and(|kind| !kind.is_insight());
    if arguments.open && is_counted {
        let sources = insights_sources::all().filter(|source| !source.is_counted_by_day());
        let labels = sources.map(|source| source.label).collect::<Vec<_>>().join(" and ");
        return Err(Failure::usage(format!("--open selects insights of {labels}; counts have no status")));
    }
    if arguments.watch && arguments.look.output != Output::Table {
        return Err(Failure::usage("--watch prints tables only: remove --output"));
    }
    Ok(())
}

/// A listing, and the keys of its records.
struct Answer {
    text: String,
    keys: BTreeSet<String>,
}

/// The listing. Records that are not in `seen` are marked as new, unless it is empty.
async fn answer(
    arguments: &ListArguments,
    span: Span,
    reader: &Reader,
    seen: &BTreeSet<String>,
    session: &Session,
) -> Result<Answer, Failure> {
    let all = candidates(arguments, span, reader).await?;
    let number = all.len();
    let all = reader.with_failures(all, (!arguments.open).then_some(span.since)).await?;
    let records: Vec<Stored> = all.into_iter().filter(|record| passes(arguments, record)).collect();
    let mut records = reader.with_acks(with_names(arguments, records, reader).await?).await?;
    sort_records(&mut records, arguments.open);
    let passing = records.len();
    records.truncate(arguments.limit.map_or(usize::MAX, std::num::NonZeroUsize::get));
    let filters = about(arguments);
    if records.is_empty() {
        let requested = empty::Requested { filters: &filters, passed_by: number, open: arguments.open };
        say(&empty::reason(reader, &requested, span, session).await?);
    } else if let Some(warning) = missing_data(reader, &filters, session).await? {
        say(&warning);
    }
    let keys: BTreeSet<String> =
        records.iter().filter_map(|record| Some(record.text("pk")?.to_owned())).collect();
    let text = match arguments.look.output {
        Output::Table if records.is_empty() => String::new(),
        Output::Table => {
            let is_new =
                |record: &Stored| !seen.is_empty() && record.text("pk").is_some_and(|pk| !seen.contains(pk));
            page(&records, passing, is_new, reader, session)
        }
        Output::Json => {
            let mut whole = reader.whole(&records).await?;
            copy_marks(&records, &mut whole);
            json::records(&whole)
        }
        Output::Csv => csv::records(&records),
    };
    Ok(Answer { text, keys })
}

fn page(
    records: &[Stored],
    passing: usize,
    is_new: impl Fn(&Stored) -> bool,
    reader: &Reader,
    session: &Session,
) -> String {
    let now = reader.now();
    let listing = rows::listing(records, "BEGAN", is_new, now, session);
    let all = format::so_many(passing, "record", "records");
    let number = if records.len() < passing {
        format!("{} of {all}", format::count(records.len() as u64))
    } else {
        all
    };
    let starts = || records.iter().filter_map(began);
    let times = format::times(&session.zone, starts().min().unwrap_or(now), starts().max().unwrap_or(now));
    format!("{listing}\n{number}; {times}. Show one: {} ID\n", session.command(&["show"]))
}

/// The filters of the answer. A kind belongs to one source.
fn about(arguments: &ListArguments) -> Selection {
    let mut filters = arguments.filters.selection();
    if let (Some(kind), true) = (arguments.kind, filters.source.is_empty()) {
        filters.source = vec![kind.source];
    }
    filters
}

/// The records before the other filters.
async fn candidates(arguments: &ListArguments, span: Span, reader: &Reader) -> Result<Vec<Stored>, Error> {
    let filters = &arguments.filters.selection();
    if !filters.entity.is_empty() {
        let mut found = Vec::new();
        for entity in &filters.entity {
            found.extend(reader.about(entity, span).await?);
        }
        return Ok(found);
    }
    let is_asked_for = |kind: &Kind| {
        arguments.kind.is_none_or(|asked| asked == *kind)
            && filters.selects_source(kind.source)
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
    arguments.filters.selection().selects(record)
        && is("kind", arguments.kind.map(Kind::as_str))
        && is("status", arguments.open.then_some("open"))
        && arguments.severity.is_none_or(|least| severity(record) >= Some(least))
        && arguments.text.as_deref().is_none_or(|text| contains(record, text))
}

/// Whether the title, entity, id or key contains `text`, in lower or upper case.
fn contains(record: &Stored, text: &str) -> bool {
    let text = text.to_lowercase();
    let names = ["title", "entity", "id", "pk"];
    names.iter().filter_map(|name| record.text(name)).any(|value| value.to_lowercase().contains(&text))
}

/// The records with the requested caller, operation and error. The indexes do not contain these names, so the records are read
/// completely.
async fn with_names(
    arguments: &ListArguments,
    records: Vec<Stored>,
    reader: &Reader,
) -> Result<Vec<Stored>, Error> {
    let ListArguments { caller, event, error, .. } = arguments;
    if caller.is_none() && event.is_none() && error.is_none() {
        return Ok(records);
    }
    let insights: Vec<Stored> =
        records.into_iter().filter(|record| kind_of(record).is_some_and(Kind::is_insight)).collect();
    let whole = reader.whole(&insights).await?;
    let has = |names: &[String], wanted: Option<&str>, is_part: bool| {
        wanted.is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            names
                .iter()
                .map(|name| name.to_lowercase())
                .any(|name| if is_part { name.contains(&wanted) } else { name == wanted })
        })
    };
    let passing: BTreeSet<&str> = whole
        .iter()
        .filter(|record| {
            let Names { callers, events, errors } = view::names(record);
            has(&callers, caller.as_deref(), true)
                && has(&events, event.as_deref(), false)
                && has(&errors, error.as_deref(), false)
        })
        .filter_map(|record| record.text("pk"))
        .collect();
    Ok(insights
        .into_iter()
        .filter(|record| record.text("pk").is_some_and(|pk| passing.contains(pk)))
        .collect())
}

/// Sorts the newest first, or the worst first. Acknowledged records come last.
fn sort_records(records: &mut [Stored], worst_first: bool) {
    if worst_first {
        records.sort_by_key(Importance::of);
    } else {
        let key = |record: &Stored| record.text("pk").unwrap_or_default().to_owned();
        records.sort_by_key(|record| (is_acknowledged(record), Reverse(began(record)), key(record)));
    }
}

fn severity(record: &Stored) -> Option<Severity> {
    record.text("severity").and_then(Severity::parse)
}
