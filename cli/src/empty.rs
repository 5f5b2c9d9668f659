//! Why an answer is empty: nothing collected yet, not enabled, broken, a filter too narrow, or truly nothing. It asks for
//! `state` and for names that are near, and only when there is nothing else to show.

use crate::exit::Failure;
use crate::output::near::nearest;
use crate::output::sections;
use crate::session::Session;
use insights_query::format::{instant, plain, service, so_many};
use insights_query::health::{Condition, Health, condition_of, never_run};
use insights_query::{Place, Reader, Span};
use insights_shared::record::{Kind, Source, Stored};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::{kind_of, kinds};
use std::collections::{BTreeMap, BTreeSet};

/// How far back known entities are looked for.
const ENTITY_DAYS: i64 = 90;
/// The most names that are listed.
const MOST_NAMES: usize = 12;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// One source alone.
    pub source: Option<Source>,
    /// One account alone.
    pub account: Option<&'a str>,
    /// One region alone.
    pub region: Option<&'a str>,
    /// One entity alone.
    pub entity: Option<&'a str>,
    /// How many records there were before finer filters.
    pub passed_by: usize,
    /// Whether only what is open was wanted.
    pub open: bool,
}

/// Why there is nothing, and what to do, in a line or two.
pub async fn reason(
    reader: &Reader,
    asked: &Asked<'_>,
    span: Span,
    session: &Session,
) -> Result<String, Failure> {
    let mut states = Vec::new();
    for source in insights_sources::all().filter(|source| asked.source.is_none_or(|asked| asked == *source)) {
        states.extend(reader.states(source).await?.into_iter().map(|(place, state)| (source, place, state)));
    }
    if let Some(unknown) = unknown_target(asked, &states) {
        return Ok(unknown);
    }
    if let Some(entity) = asked.entity
        && asked.passed_by == 0
    {
        return about_nobody(reader, entity, span, session).await;
    }
    if asked.passed_by > 0 {
        let others = so_many(asked.passed_by, "record", "records");
        return Ok(format!("nothing passes the filters, which leave out {others} of that time"));
    }
    about_states(&states, asked, reader, span, session).await
}

/// An account or a region that is not collected.
fn unknown_target(asked: &Asked<'_>, states: &[(Source, Place, Stored)]) -> Option<String> {
    type Part = fn(&Place) -> &str;
    let parts: [(&str, Option<&str>, Part); 2] = [
        ("account", asked.account, |place| &place.account_id),
        ("region", asked.region, |place| &place.region),
    ];
    for (name, wanted, part) in parts {
        let known: BTreeSet<&str> = states.iter().map(|(_, place, _)| part(place)).collect();
        let Some(wanted) = wanted.filter(|wanted| !known.is_empty() && !known.contains(wanted)) else {
            continue;
        };
        let meant = nearest(wanted, known.iter().copied());
        let hint = meant.map_or_else(
            || format!("those that have ended one are of {}", list(known.iter().copied())),
            |meant| format!("did you mean {meant}?"),
        );
        return Some(format!("no scheduled run has ended for {name} {wanted}: {hint}"));
    }
    None
}

/// An entity that nothing is about, at least not in that time.
async fn about_nobody(
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
            format!(": the newest began {}", instant(newest, &session.zone))
        });
        return Ok(format!(
            "nothing about {entity} {}{newest}; give an earlier --since",
            within(span, session)
        ));
    }
    // An assessment is known by its id, and remembered by its name.
    let title = |record| {
        let kind = kind_of(record).filter(|kind| kind.is_snapshot())?;
        Some((record.text("title")?, (kind.label, record.text("entity")?)))
    };
    let titles: BTreeMap<&str, (&str, &str)> = records.iter().filter_map(title).collect();
    // A name that is spelled nearly so goes before a title that has it somewhere.
    if let Some(meant) = nearest(entity, known.keys().copied()) {
        return Ok(format!("nothing is about {entity}: did you mean {}?", plain(meant)));
    }
    if let Some(title) = nearest(entity, titles.keys().copied())
        && let Some((label, id)) = titles.get(title)
    {
        let command = session.command(&["list"]).option("--entity", id);
        return Ok(format!("nothing is about {entity}: the {label} {} is `{command}`", plain(title)));
    }
    if known.is_empty() {
        return Ok(format!("nothing is about {entity}, and nothing was found in {ENTITY_DAYS} days"));
    }
    Ok(format!("nothing is about {entity}: there are {}", list(known.keys().copied())))
}

/// What the states say of an empty span.
async fn about_states(
    all: &[(Source, Place, Stored)],
    asked: &Asked<'_>,
    reader: &Reader,
    span: Span,
    session: &Session,
) -> Result<String, Failure> {
    let name = asked.source.map_or("any source", |source| service(source.as_str()));
    let status = session.command(&["status"]);
    if all.is_empty() {
        return Ok(format!(
            "table {} holds nothing of {name} yet: no scheduled run has ended; see `{status}`, or run `{}`",
            reader.table(),
            session.command(&["collect"])
        ));
    }
    let is = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    // Counts are never open.
    let sources: Vec<Source> = insights_sources::all()
        .filter(|source| asked.source.is_none_or(|asked| asked == *source))
        .filter(|source| !asked.open || !source.is_counted_by_day())
        .collect();
    let asked_for: Vec<&(Source, Place, Stored)> = all
        .iter()
        .filter(|(source, place, _)| {
            sources.contains(source)
                && is(asked.account, &place.account_id)
                && is(asked.region, &place.region)
        })
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
    let of_all = |broken: usize| match broken {
        0 => String::new(),
        _ => format!("; {broken} of {} did not run well", so_many(asked_for.len(), "target", "targets")),
    };
    let what =
        if asked.open { "open insight".to_owned() } else { format!("record {}", within(span, session)) };
    let explained = sections::explanation(&health.explain_empty(&what));
    if health != Health::Known {
        let missing = never_run(&sources, &conditions).map(|source| service(source.as_str()));
        let missing = missing.fold(String::new(), |text, source| text + &format!("; {source} has never run"));
        let missing = if health == Health::Partly { missing } else { String::new() };
        return Ok(format!("{explained}{missing}{}; see `{status}`", of_all(broken)));
    }
    let last = asked_for.iter().filter_map(|(_, _, state)| state.timestamp("last_success_at")).min();
    let last = last.map_or_else(String::new, |last| {
        format!("; all targets were collected, each at {} or later", instant(last, &session.zone))
    });
    let further = match asked.open {
        true => "",
        false if span.until < reader.now() => "; an earlier --since or a later --until shows more",
        false => "; an earlier --since shows more",
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
