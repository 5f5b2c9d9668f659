//! Insights and snapshots as rows of a table, each with a second line for details.

use super::tabular::{Column, Tabular, cell, severity};
use crate::session::Session;
use comfy_table::Cell;
use insights_query::ack::ACK;
use insights_query::format::{self, length, plain, service, spell_key};
use insights_query::incident::{CorrelationReason, Member};
use insights_query::periods::began;
use insights_query::{Place, is_known_by_id, tag};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use insights_sources::kind_of;
use std::collections::{BTreeMap, BTreeSet};

/// The minimum length of an abbreviated id, which `show` accepts.
const SHORT_ID: usize = 8;

/// On fewer columns, long names are broken to leave room for titles.
const NARROW: u16 = 100;
/// The suffix of event sources.
const AWS_DOMAIN: &str = ".amazonaws.com";

/// A listing of insights and snapshots; records that `is_new` selects are marked.
pub fn listing(
    records: &[Stored],
    when: &str,
    is_new: impl Fn(&Stored) -> bool,
    now: Timestamp,
    session: &Session,
) -> String {
    let is_narrow = session.width < NARROW;
    let places: BTreeSet<Place> = records.iter().filter_map(Place::of).collect();
    let whereabouts: Vec<String> =
        records.iter().map(|record| whereabouts(record, places.len() > 1, is_narrow)).collect();
    let widest = whereabouts.iter().flat_map(|text| text.lines()).map(|line| line.chars().count()).max();
    // Names are broken only if they leave no room for titles.
    let has_room = widest.unwrap_or_default() <= usize::from(session.width) * 3 / 8;
    let names = if has_room { Column::Fixed } else { Column::Text };
    let columns =
        [("SEVERITY\nID", Column::Fixed), (when, Column::Fixed), ("WHERE", names), ("WHAT", Column::Text)];
    let mut table = Tabular::new(session, &columns);
    let ids = short_ids(records);
    for ((record, id), whereabouts) in records.iter().zip(ids).zip(whereabouts) {
        let started = began(record);
        let began = started.map_or_else(String::new, |started| format::instant(started, &session.zone));
        table.row(vec![
            severity(record.text("severity").unwrap_or_default(), Some(&id)),
            cell(format!("{began}\n{}", how_long(record, now))),
            cell(whereabouts),
            cell(if is_new(record) { format!("NEW: {}", what(record)) } else { what(record) }),
        ]);
    }
    table.render()
}

/// An insight on two lines: start and duration, source and entity, title and judgement.
pub fn insight(record: &Stored, when: &str, how_long: &str) -> Vec<Cell> {
    vec![
        severity(record.text("severity").unwrap_or_default(), None),
        cell(format!("{when}\n{how_long}")),
        cell(whereabouts(record, false, false)),
        cell(what(record)),
    ]
}

/// A member of an incident: its severity and id, when it began, source and entity, title and why it belongs to the incident.
pub fn member(member: &Member, id: &str, now: Timestamp, session: &Session) -> Vec<Cell> {
    let record = &member.occurrence.insight;
    let began = format::instant(member.occurrence.started_at(), &session.zone);
    let reason = match &member.reason {
        None => None,
        Some(CorrelationReason::Proximity) => Some("began soon after the first".to_owned()),
        Some(CorrelationReason::Service(name)) => Some(format!("in common: {}", plain(name))),
        Some(CorrelationReason::Caller(arn)) => Some(format!("same caller: {}", plain(arn))),
    };
    let what = [Some(what(record)), reason].into_iter().flatten().collect::<Vec<_>>().join("\n");
    vec![
        severity(record.text("severity").unwrap_or_default(), Some(id)),
        cell(format!("{began}\n{}", how_long(record, now))),
        cell(whereabouts(record, false, false)),
        cell(what),
    ]
}

/// The source and entity, with account and region if `with_place`.
fn whereabouts(record: &Stored, with_place: bool, is_narrow: bool) -> String {
    let source = record.text("source").map(service).unwrap_or_default();
    let entity = match kind_of(record).filter(|kind| kind.is_snapshot()) {
        // The entity of a snapshot is an id.
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

/// The title and the judgement.
fn what(record: &Stored) -> String {
    let mut lines = vec![record.text("title").map(plain).unwrap_or_default()];
    lines.extend(format::judgement(record));
    lines.extend(acknowledged(record));
    lines.join("\n")
}

/// What people know about a record: `known until 2026-03-02 by anna: deployment`.
pub fn acknowledged(record: &Stored) -> Option<String> {
    let ack = record.0.get(ACK)?;
    let text = |name: &str| ack.at(&[name]).and_then(Value::as_str);
    let until = text("until").map(|until| {
        format!(" until {}", plain(until.get(..16).unwrap_or(until)).replace('T', " ") + " UTC")
    });
    let by = text("by").map(|by| format!(" by {}", plain(by)));
    let note = text("note").map(|note| format!(": {}", plain(note)));
    Some(format!("known{}{}{}", until.unwrap_or_default(), by.unwrap_or_default(), note.unwrap_or_default()))
}

/// The duration of an insight: `open for 3h 6m`, `for 45m`. Empty for a snapshot.
pub fn how_long(record: &Stored, now: Timestamp) -> String {
    let Some(started) = began(record) else { return String::new() };
    match (record.text("status"), record.timestamp("ended_at")) {
        (Some("open"), _) => format!("open for {}", length(now.millis_since(started))),
        (_, Some(ended)) => format!("for {}", length(ended.millis_since(started))),
        _ => String::new(),
    }
}

/// The shortest unique prefixes of the ids in this listing, encoded for `show`. Two days of one assessment have the same id. In place of
/// an id that several records can have, the record's tag is shown.
pub fn short_ids(records: &[Stored]) -> Vec<String> {
    let whole: Vec<&str> = records.iter().map(id).collect();
    let distinct: BTreeSet<&str> = whole.iter().copied().collect();
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (record, id) in records.iter().zip(&whole) {
        keys.entry(id).or_default().insert(record.text("pk").unwrap_or_default());
    }
    let short = |id: &str, length: usize| id.chars().take(length).collect::<String>();
    // Each on its own: two similar ids do not lengthen the others.
    let shortest = |id: &str| {
        let others = || distinct.iter().filter(|other| **other != id);
        let length = (SHORT_ID..id.chars().count())
            .find(|length| others().all(|other| !other.starts_with(&short(id, *length))));
        length.map_or_else(|| id.to_owned(), |length| short(id, length))
    };
    let shown = |(record, id): (&Stored, &&str)| {
        let is_shared = keys.get(*id).is_some_and(|keys| keys.len() > 1);
        if is_known_by_id(record) && !is_shared {
            spell_key(&shortest(id))
        } else {
            tag(record.text("pk").unwrap_or_default())
        }
    };
    records.iter().zip(&whole).map(shown).collect()
}

/// The id for `insights show`. The counts of a whole account have no id of their own, so their entity is used.
fn id(record: &Stored) -> &str {
    let entity = record.text("entity").unwrap_or_default();
    if kind_of(record).is_some_and(|kind| kind.is_snapshot() && kind.label == entity) {
        return entity;
    }
    insights_query::distinct_part(record.text("id").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Map;

    #[test]
    fn ids_are_the_shortest_unique_prefixes() {
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
    fn in_place_of_an_id_that_several_records_can_have_the_tag_is_shown() {
        let record = |kind: &str, pk: &str, entity: &str| {
            let members = [("kind", kind), ("pk", pk), ("entity", entity), ("id", "11111111-2222")];
            Stored(members.into_iter().map(|(name, text)| (name.into(), Value::from(text))).collect())
        };
        let check = |records: &[Stored], expected: &[&str]| assert_eq!(short_ids(records), expected);
        // printf 'a\ninsight' | sha256sum | cut -c1-8
        let (a, b) = ("c41581d2", "c9ccbd81");
        check(&[record("xray.insight", "a", "payments")], &["11111111"]);
        check(&[record("xray.insight", "a", "payments"), record("xray.insight", "b", "x")], &[a, b]);
        check(&[record("eks.insight", "a", "prod")], &[a]);
        check(&[record("auditmanager.control", "a", "account")], &[a]);
        check(&[record("auditmanager.assessment", "a", "11111111-2222")], &["11111111"]);
        // Every account has one.
        check(&[record("auditmanager.insights", "a", "account")], &[a]);
    }

    #[test]
    fn the_duration_of_an_insight_is_shown() {
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
