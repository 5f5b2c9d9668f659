//! The condition of every target, as sections of a view and as records for JSON and CSV. Sections and records use the same
//! classification, so they always agree.

use crate::command::{CommandLine, Location, advice, collect, needs_collect, remedy};
use insights_query::Place;
use insights_query::format::{self, instant, so_many, thousands};
use insights_query::health::{Condition, Health, Target, ask_again_at};
use insights_query::rejected::Rejected;
use insights_shared::record::{Source, Stored};
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value as Json};
use insights_sources::view::{Column, Explanation, Explanations, Section, Table, Value};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// The maximum number of rules that are listed for the rejected answers of a target.
const MOST_RULES: usize = 5;

/// The condition of all targets, what to do about those that need attention, and what was rejected or is not available.
pub fn sections(targets: &[Target], now: Timestamp, location: &Location, zone: &TimeZone) -> Vec<Section> {
    let conditions: Vec<(Source, Condition)> =
        targets.iter().map(|target| (target.source, target.classification.condition)).collect();
    let health = Health::of(&insights_sources::all().collect::<Vec<_>>(), &conditions);
    let mut sections = vec![Section::Table(grid(targets, &health, now, zone))];
    if let Some(reason) = health.unknown() {
        sections.push(Section::Note(format!("It is unknown whether there are insights: {reason}.")));
    }
    sections.extend(actions("Actions", targets.iter(), location));
    let rejected = targets.iter().filter_map(|target| rejected(target, location, zone));
    sections.extend(explanations("Rejected answers", rejected));
    let unavailable = targets.iter().filter_map(|target| unavailable(target, location));
    sections.extend(explanations("Not available", unavailable));
    sections
}

/// What to do about the targets that need attention; `None` if there are none.
pub fn actions<'a>(
    title: &'static str,
    targets: impl Iterator<Item = &'a Target>,
    location: &Location,
) -> Option<Section> {
    explanations(title, targets.filter_map(|target| action(target, location)))
}

fn explanations(title: &'static str, entries: impl Iterator<Item = Explanation>) -> Option<Section> {
    let entries: Vec<Explanation> = entries.collect();
    (!entries.is_empty()).then_some(Section::Explanations(Explanations { title, entries }))
}

/// The `state` of a target with its condition and the derived data. Without a state, only the derived data.
pub fn record(target: &Target, location: &Location) -> Stored {
    let mut record = target.state.as_ref().map(|state| state.0.clone()).unwrap_or_default();
    let Place { account_id, region } = &target.place;
    let Rejected { count, newest_at, violations } = &target.rejected;
    let mut counted = Map::from([("count".into(), (*count as u64).into())]);
    counted.extend(newest_at.map(|newest_at| ("newest_at".into(), newest_at.into())));
    let violations = violations.iter().map(|(rule, count)| (rule.as_str().into(), (*count as u64).into()));
    counted.insert("violations".into(), Json::Map(violations.collect()));
    record.extend([
        ("source".into(), target.source.as_str().into()),
        ("account_id".into(), account_id.as_str().into()),
        ("region".into(), region.as_str().into()),
        ("condition".into(), target.classification.condition.as_str().into()),
        ("rejected_records".into(), Json::Map(counted)),
    ]);
    let action = remedy(&target.classification, target.source, location);
    record.extend(action.map(|action| ("action".into(), action.into())));
    let lasting = target.classification.lasting.as_deref();
    record.extend(lasting.map(|lasting| ("lasting".into(), lasting.into())));
    Stored(record)
}

/// A table with a row for each account and region and a column for each source. Its heading is a summary.
fn grid(targets: &[Target], health: &Health, now: Timestamp, zone: &TimeZone) -> Table {
    let mut columns = vec![Column::text("Account").fixed(), Column::text("Region").fixed()];
    columns.extend(insights_sources::all().map(|source| Column::text(source.label)));
    let places: BTreeSet<&Place> = targets.iter().map(|target| &target.place).collect();
    let row = |place: &Place| {
        let mut row = vec![Value::Text(place.account_id.clone()), Value::Text(place.region.clone())];
        row.extend(insights_sources::all().map(|source| {
            let is_it = |target: &&Target| target.source == source && target.place == *place;
            targets.iter().find(is_it).map_or(Value::None, |target| cell(target, now, zone))
        }));
        row
    };
    Table { title: summary(targets, health), columns, rows: places.into_iter().map(row).collect() }
}

fn summary(targets: &[Target], health: &Health) -> String {
    let well = targets.iter().filter(|target| target.classification.condition.is_well()).count();
    let all = so_many(targets.len(), "target", "targets");
    if well < targets.len() {
        let others = targets.len() - well;
        format!("{others} of {all} {} attention", if others == 1 { "needs" } else { "need" })
    } else if health.unknown().is_some() {
        format!("No data: no source is enabled in any of {all}")
    } else {
        format!("No problems: {all}")
    }
}

/// The condition, the age of the last success, and the result of the last run.
fn cell(target: &Target, now: Timestamp, zone: &TimeZone) -> Value {
    let condition = target.classification.condition;
    let state = target.state.as_ref();
    let time = |name: &str| state.and_then(|state| state.timestamp(name));
    let text = |text: &str| Value::Text(text.to_owned());
    let mut lines = vec![Value::State { text: condition.in_words(), tone: condition.tone() }];
    match (time("last_success_at"), time("last_run_at")) {
        (Some(at), _) => lines.push(Value::Age { what: "last success", at, millis: now.millis_since(at) }),
        (None, Some(_)) => lines.push(text("no success yet")),
        (None, None) => {}
    }
    if condition == Condition::NotEnabled
        && let Some(ask_again_at) = state.and_then(ask_again_at)
    {
        lines.push(Value::Text(format!("asked again after {}", instant(ask_again_at, zone))));
    }
    lines.extend(state.and_then(|state| state.integer("fetched")).map(|fetched| match fetched {
        0 => text("found nothing"),
        fetched => Value::Text(format!("found {}", thousands(fetched))),
    }));
    if target.rejected.count > 0 {
        lines.push(Value::Text(format!("{} rejected", format::count(target.rejected.count as u64))));
    }
    Value::List(lines)
}

fn name(target: &Target) -> String {
    let Place { account_id, region } = &target.place;
    format!("{}, {account_id} {region}", target.source.label)
}

fn action(target: &Target, location: &Location) -> Option<Explanation> {
    let text = advice(&target.classification, location)?;
    let command =
        needs_collect(&target.classification, location).then(|| collect(target.source, location).to_string());
    Some(Explanation { about: name(target), text, command })
}

fn rejected(target: &Target, location: &Location, zone: &TimeZone) -> Option<Explanation> {
    let Rejected { count, newest_at, violations } = &target.rejected;
    if *count == 0 {
        return None;
    }
    let rules: Vec<String> =
        violations.iter().take(MOST_RULES).map(|(rule, count)| format!("{count}× {rule}")).collect();
    let more = violations.len().saturating_sub(MOST_RULES);
    let more = if more > 0 { format!("; and {more} more rules") } else { String::new() };
    let newest = newest_at.map_or_else(String::new, |at| format!(", the newest of {}", instant(at, zone)));
    let text = format!("{}{newest}: {}{more}", so_many(*count, "answer", "answers"), rules.join("; "));
    let command = CommandLine::insights(&["show"]).at(location).key(&target.place.rejected(target.source));
    Some(Explanation { about: name(target), text, command: Some(command.to_string()) })
}

fn unavailable(target: &Target, location: &Location) -> Option<Explanation> {
    let lasting = target.classification.lasting.as_ref()?;
    let text = format!("{lasting}; requested again once a day, no action is needed");
    let command = CommandLine::insights(&["series"]).at(location);
    Some(Explanation { about: name(target), text, command: Some(command.to_string()) })
}
