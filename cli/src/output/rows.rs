//! Insights and snapshots as rows of a table: two lines each, the second for what matters less.

use super::tabular::{Column, Tabular, cell, severity};
use crate::session::Session;
use comfy_table::Cell;
use insights_query::Place;
use insights_query::format::{self, length, plain, service, spell_key};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_sources::kind_of;
use std::collections::BTreeSet;

/// How much of an id a listing shows, at least: what `show` takes, and what an eye can keep.
const SHORT_ID: usize = 8;

/// On fewer columns, long names have to leave room for what is said.
const NARROW: u16 = 100;
/// What the names of event sources end with.
const AWS_DOMAIN: &str = ".amazonaws.com";

/// A listing of insights and snapshots.
pub fn listing(records: &[Stored], when: &str, now: Timestamp, session: &Session) -> String {
    let is_narrow = session.width < NARROW;
    let places: BTreeSet<Place> = records.iter().filter_map(Place::of).collect();
    let whereabouts: Vec<String> =
        records.iter().map(|record| whereabouts(record, places.len() > 1, is_narrow)).collect();
    let widest = whereabouts.iter().flat_map(|text| text.lines()).map(|line| line.chars().count()).max();
    // Names are broken only where they would leave no room for what is said.
    let has_room = widest.unwrap_or_default() <= usize::from(session.width) * 3 / 8;
    let names = if has_room { Column::Fixed } else { Column::Text };
    let columns =
        [("SEVERITY\nID", Column::Fixed), (when, Column::Fixed), ("WHERE", names), ("WHAT", Column::Text)];
    let mut table = Tabular::new(session, &columns);
    let ids = short_ids(records);
    for ((record, id), whereabouts) in records.iter().zip(ids).zip(whereabouts) {
        let started = record.timestamp("started_at");
        let began = started.map_or_else(String::new, |started| format::instant(started, &session.zone));
        table.row(vec![
            severity(record.text("severity").unwrap_or_default(), Some(&id)),
            cell(format!("{began}\n{}", how_long(record, now))),
            cell(whereabouts),
            cell(what(record)),
        ]);
    }
    table.render()
}

/// An insight on two lines: when and how long, which service and what of it, what it says and by how much.
pub fn insight(record: &Stored, when: &str, how_long: &str) -> Vec<Cell> {
    vec![
        severity(record.text("severity").unwrap_or_default(), None),
        cell(format!("{when}\n{how_long}")),
        cell(whereabouts(record, false, false)),
        cell(what(record)),
    ]
}

/// The service and what of it; and the account and region that it was collected from, if `with_place`.
fn whereabouts(record: &Stored, with_place: bool, is_narrow: bool) -> String {
    let source = record.text("source").map(service).unwrap_or_default();
    let entity = match kind_of(record).filter(|kind| kind.is_snapshot()) {
        // Their entity is an id, which is shown as such.
        Some(kind) => kind.label.to_owned(),
        None => match record.text("entity").map(plain) {
            Some(entity) => match entity.strip_suffix(AWS_DOMAIN).filter(|_| is_narrow) {
                Some(name) => format!("{name}\n{AWS_DOMAIN}"),
                None => entity,
            },
            None => "–".to_owned(),
        },
    };
    match Place::of(record) {
        Some(place) if with_place => {
            format!("{source}\n{entity}\n{} {}", plain(&place.account_id), plain(&place.region))
        }
        _ => format!("{source}\n{entity}"),
    }
}

/// What is said, and by how much.
fn what(record: &Stored) -> String {
    let title = record.text("title").map(plain).unwrap_or_default();
    match format::judgement(record) {
        Some(measures) => format!("{title}\n{measures}"),
        None => title,
    }
}

/// How long an insight has lasted: `open for 3h 6m`, `for 45m`. Nothing for a snapshot.
pub fn how_long(record: &Stored, now: Timestamp) -> String {
    let Some(started) = record.timestamp("started_at") else { return String::new() };
    match (record.text("status"), record.timestamp("ended_at")) {
        (Some("open"), _) => format!("open for {}", length(now.millis_since(started))),
        (_, Some(ended)) => format!("for {}", length(ended.millis_since(started))),
        _ => String::new(),
    }
}

/// The ids as short as they can be told apart in this listing, spelled as `show` takes them. Two days of one assessment have the same.
fn short_ids(records: &[Stored]) -> Vec<String> {
    let whole: Vec<&str> = records.iter().map(id).collect();
    let distinct: BTreeSet<&str> = whole.iter().copied().collect();
    let short = |id: &str, length: usize| id.chars().take(length).collect::<String>();
    // Each by itself: two that are alike lengthen no other.
    let shortest = |id: &str| {
        let others = || distinct.iter().filter(|other| **other != id);
        let length = (SHORT_ID..id.chars().count())
            .find(|length| others().all(|other| !other.starts_with(&short(id, *length))));
        length.map_or_else(|| id.to_owned(), |length| short(id, length))
    };
    whole.into_iter().map(|id| spell_key(&shortest(id))).collect()
}

/// What `insights show` knows a record by. The id of an account's own counts is the account, as of all its records.
fn id(record: &Stored) -> &str {
    let entity = record.text("entity").unwrap_or_default();
    if kind_of(record).is_some_and(|kind| kind.is_snapshot() && kind.label == entity) {
        return entity;
    }
    record.text("id").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::{Map, Value};

    #[test]
    fn ids_are_as_short_as_can_be_told_apart() {
        let check = |ids: &[&str], expected: &[&str]| {
            let record = |id: &&str| Stored(Map::from([("id".into(), Value::from(*id))]));
            let records: Vec<Stored> = ids.iter().map(record).collect();
            assert_eq!(short_ids(&records), expected);
        };
        check(&["11111111-2222", "22222222-2222"], &["11111111", "22222222"]);
        check(&["11111111-2222", "11111111-3333", "account"], &["11111111-2", "11111111-3", "account"]);
        check(
            &["11111111-2222", "11111111-3333", "22222222-4444"],
            &["11111111-2", "11111111-3", "22222222"],
        );
        check(&["11111111-2222", "11111111-2222"], &["11111111", "11111111"]);
        check(&["a\nb\u{202e}cdefgh", "%0A"], &["a%0Ab%E2%80%AEcdef", "%0A"]);
        check(&[], &[]);
    }

    #[test]
    fn it_is_told_how_long_an_insight_lasted() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        for (json, expected) in [
            (r#"{"status":"open","started_at":"2026-03-01T08:54:00.000Z"}"#, "open for 3h 6m"),
            (
                r#"{"status":"closed","started_at":"2026-03-01T08:00:00.000Z","ended_at":"2026-03-01T08:45:00.000Z"}"#,
                "for 45m",
            ),
            (r#"{"status":"snapshot","started_at":"2026-03-01T00:00:00.000Z"}"#, ""),
            ("{}", ""),
        ] {
            let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
            assert_eq!(how_long(&Stored(map), now), expected, "{json}");
        }
    }
}
