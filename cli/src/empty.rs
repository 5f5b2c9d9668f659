//! The reason for an empty answer: nothing collected yet, source not enabled, collection failed, a filter that excludes
//! everything, or no data. It reads `state` and similar names, and only if the answer is empty.

use crate::exit::Failure;
use crate::output::near::nearest;
use crate::output::sections;
use crate::session::Session;
use insights_query::format::{instant, plain, service, so_many};
use insights_query::health::{Condition, Health, condition_of, described, never_run};
use insights_query::{Place, Reader, Selection, Span};
use insights_shared::record::{Kind, Source, Stored};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::{kind_of, kinds};
use std::collections::{BTreeMap, BTreeSet};

/// The number of days in which known entities are searched.
const ENTITY_DAYS: i64 = 90;
/// The maximum number of listed names.
const MOST_NAMES: usize = 12;

/// What was requested.
#[derive(Clone, Copy, Debug)]
pub struct Requested<'a> {
    /// The filters of the command.
    pub filters: &'a Selection,
    /// The number of records before the other filters.
    pub passed_by: usize,
    /// Whether only open insights were requested.
    pub open: bool,
}

impl<'a> Requested<'a> {
    /// Only these filters.
    pub fn with(filters: &'a Selection) -> Self {
        Self { filters, passed_by: 0, open: false }
    }
}

/// The reason and a remedy, in one or two lines.
pub async fn reason(
    reader: &Reader,
    requested: &Requested<'_>,
    span: Span,
    session: &Session,
) -> Result<String, Failure> {
    let filters = requested.filters;
    let mut states = Vec::new();
    for source in insights_sources::all().filter(|source| filters.selects_source(*source)) {
        states.extend(reader.states(source).await?.into_iter().map(|(place, state)| (source, place, state)));
    }
    if let Some(unknown) = unknown_target(filters, &states) {
        return Ok(unknown);
    }
    if let [entity] = filters.entity.as_slice()
        && requested.passed_by == 0
    {
        return unknown_entity(reader, entity, span, session).await;
    }
    if requested.passed_by > 0 {
        let others = so_many(requested.passed_by, "record", "records");
        return Ok(format!("no matches: the filters exclude {others} of this period"));
    }
    explain_by_states(&states, requested, reader, span, session).await
}

/// An account or region that is not collected.
fn unknown_target(filters: &Selection, states: &[(Source, Place, Stored)]) -> Option<String> {
    type Part = fn(&Place) -> &str;
    let parts: [(&str, &[String], Part); 2] = [
        ("account", &filters.account, |place| &place.account_id),
        ("region", &filters.region, |place| &place.region),
    ];
    for (name, wanted, part) in parts {
        let known: BTreeSet<&str> = states.iter().map(|(_, place, _)| part(place)).collect();
        let unknown = |wanted: &&String| !known.is_empty() && !known.contains(wanted.as_str());
        let Some(wanted) = wanted.iter().find(unknown) else { continue };
        let meant = nearest(wanted, known.iter().copied());
        let hint = meant.map_or_else(
            || format!("known values are {}", list(known.iter().copied())),
            |meant| format!("did you mean {meant}?"),
        );
        return Some(format!("no data of {name} {wanted}: no scheduled run has ended there; {hint}"));
    }
    None
}

/// An entity without records in this period.
async fn unknown_entity(
    reader: &Reader,
    entity: &str,
    span: Span,
    session: &Session,
) -> Result<String, Failure> {
    let recent = Span::last(ENTITY_DAYS * DAY_SECONDS, reader.now());
    let listed: Vec<Kind> = kinds().filter(|kind| kind.is_in_ended).collect();
    let records = reader.overlapping(&listed, recent).await?;
    let mut known: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
    for record in &records {
        let Some(name) = record.text("entity") else { continue };
        let newest = known.entry(name).or_default();
        *newest = (*newest).max(record.timestamp("started_at"));
    }
    if let Some(newest) = known.get(entity) {
        let newest = newest.map_or_else(String::new, |newest| {
            format!(": the newest record began {}", instant(newest, &session.zone))
        });
        return Ok(format!(
            "no records of {entity} {}{newest}; use an earlier --since",
            within(span, session)
        ));
    }
    // Assessments are stored by id, but people know their names.
    let title = |record| {
        let kind = kind_of(record).filter(|kind| kind.is_snapshot())?;
        Some((record.text("title")?, (kind.label, record.text("entity")?)))
    };
    let titles: BTreeMap<&str, (&str, &str)> = records.iter().filter_map(title).collect();
    // A similar entity is a better suggestion than a title that contains the text.
    if let Some(meant) = nearest(entity, known.keys().copied()) {
        return Ok(format!("unknown entity {entity}: did you mean {}?", plain(meant)));
    }
    if let Some(title) = nearest(entity, titles.keys().copied())
        && let Some((label, id)) = titles.get(title)
    {
        let command = session.command(&["list"]).option("--entity", id);
        return Ok(format!("unknown entity {entity}; for the {label} {} use `{command}`", plain(title)));
    }
    if known.is_empty() {
        return Ok(format!("unknown entity {entity}: no records in the last {ENTITY_DAYS} days"));
    }
    Ok(format!("unknown entity {entity}; known entities are {}", list(known.keys().copied())))
}

/// The reason according to the states of the targets.
async fn explain_by_states(
    all: &[(Source, Place, Stored)],
    requested: &Requested<'_>,
    reader: &Reader,
    span: Span,
    session: &Session,
) -> Result<String, Failure> {
    let filters = requested.filters;
    let name = filters.source_labels().unwrap_or_else(|| "any source".to_owned());
    let status = session.command(&["status"]);
    if all.is_empty() {
        return Ok(format!(
            "table {} has no data of {name} yet: no scheduled run has ended; see `{status}`, or run `{}`",
            reader.table(),
            session.command(&["collect"])
        ));
    }
    // Counts have no status.
    let sources: Vec<Source> = insights_sources::all()
        .filter(|source| filters.selects_source(*source))
        .filter(|source| !requested.open || !source.is_counted_by_day())
        .collect();
    let asked_for: Vec<&(Source, Place, Stored)> = all
        .iter()
        .filter(|(source, place, _)| sources.contains(source) && filters.selects_place(place))
        .collect();
    let mut conditions: Vec<(Source, Condition)> = Vec::new();
    for (source, place, state) in &asked_for {
        conditions.push((*source, condition_of(reader, *source, place, state).await?));
    }
    if !conditions.is_empty() && conditions.iter().all(|(_, condition)| *condition == Condition::NotEnabled) {
        return Ok(format!(
            "{name} is not in use in any account or region that is collected; see `{status}`"
        ));
    }
    let health = Health::of(&sources, &conditions);
    let is_fine = |condition: Condition| condition.is_well() || condition == Condition::NeverRun;
    let broken = conditions.iter().filter(|(_, condition)| !is_fine(*condition)).count();
    let first = asked_for.iter().zip(&conditions).find(|(_, (_, condition))| !is_fine(*condition));
    let first = first.map(|((source, place, state), (_, condition))| {
        described(*source, place, *condition, state.timestamp("last_success_at"), reader.now())
    });
    let of_all = |broken: usize| match broken {
        0 => String::new(),
        _ => format!("; {broken} of {} with problems", so_many(asked_for.len(), "target", "targets")),
    };
    // If nothing is known, the reason already names the conditions.
    let first = first.filter(|_| health.unknown().is_none());
    let first = first.map_or_else(String::new, |first| format!("; {first}"));
    let what =
        if requested.open { "open insight".to_owned() } else { format!("record {}", within(span, session)) };
    let explained = sections::explanation(&health.explain_empty(&what));
    if health != Health::Known {
        let missing = never_run(&sources, &conditions).map(|source| service(source.as_str()));
        let missing = missing.fold(String::new(), |text, source| text + &format!("; {source} has never run"));
        let missing = if health == Health::Partly { missing } else { String::new() };
        return Ok(format!("{explained}{missing}{}; see `{status}`{first}", of_all(broken)));
    }
    let last = asked_for.iter().filter_map(|(_, _, state)| state.timestamp("last_success_at")).min();
    let last = last.map_or_else(String::new, |last| {
        format!("; all targets were collected, each at {} or later", instant(last, &session.zone))
    });
    let further = match requested.open {
        true => "",
        false if span.until < reader.now() => "; use an earlier --since or a later --until for more",
        false => "; use an earlier --since for more",
    };
    Ok(format!("{explained}{last}{further}"))
}

fn within(span: Span, session: &Session) -> String {
    format!("between {} and {}", instant(span.since, &session.zone), instant(span.until, &session.zone))
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(plain).collect();
    if names.len() > MOST_NAMES {
        let more = names.len() - MOST_NAMES;
        names.truncate(MOST_NAMES);
        names.push(format!("{more} more"));
    }
    names.join(", ")
}
