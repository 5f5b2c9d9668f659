//! The part of the output for a dry run: the writes by target and kind, with examples.

use super::Collected;
use super::tally::{Counted, Group};
use crate::output::tabular::{Column, Tabular, cell, heading};
use crate::session::Session;
use insights_query::format::{count, instant, period, plain, service};
use insights_shared::record::{Kind, Source};
use insights_shared::report::TargetResponse;
use insights_shared::store::dry_run::Change;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of examples of a kind.
const MOST_EXAMPLES: usize = 3;
/// The kinds that record progress instead of collected data.
const PROGRESS_KINDS: [&str; 3] = ["catalog", "run", "state"];

/// The writes by target and kind.
pub fn changes(planned: &BTreeMap<Group, Counted>, collected: &[Collected], session: &Session) -> String {
    let columns = [
        ("KIND", Column::Fixed),
        ("NEW", Column::Number),
        ("CHANGED", Column::Number),
        ("UNCHANGED", Column::Number),
        ("WRITE\nUNITS", Column::Number),
    ];
    let mut table = Tabular::new(session, &columns);
    for Collected { source, targets, .. } in collected {
        for target in targets {
            let TargetResponse { account_id, region, .. } = target;
            let mut place = vec![cell(format!("{} {account_id} {region}", service(source.as_str())))];
            place.resize_with(columns.len(), || cell(""));
            table.row(place);
            let is_here = |group: &&Group| {
                group.source == source.as_str() && group.account_id == *account_id && group.region == *region
            };
            let groups = planned.keys().filter(is_here);
            let here: BTreeMap<&str, &Counted> =
                groups.filter_map(|group| Some((group.kind.as_str(), planned.get(group)?))).collect();
            for (name, numbers) in rows(*source, target, &here) {
                let mut row = vec![cell(format!("  {name}"))];
                row.extend(numbers.iter().map(|number| cell(number.map_or_else(|| "–".to_owned(), count))));
                table.row(row);
            }
        }
    }
    heading("What a run would write (nothing was written)", session) + &table.render()
}

/// New, changed, unchanged, write units.
type Numbers = [Option<u64>; 4];

/// The rows of one target: its kinds, then the progress items.
fn rows(source: Source, target: &TargetResponse, here: &BTreeMap<&str, &Counted>) -> Vec<(String, Numbers)> {
    let numbers = |kind: &str| {
        let counted = here.get(kind);
        let number = |change| counted.map_or(0, |counted| counted.number(change));
        let units = counted.map_or(0, |counted| counted.write_units);
        [number(Change::New), number(Change::Changed), number(Change::Same), units]
    };
    let kinds = insights_sources::kinds().filter(|kind| kind.source == source);
    let mut rows: Vec<(Kind, [u64; 4])> = kinds.map(|kind| (kind, numbers(kind.as_str()))).collect();
    // Insights that are unchanged according to the listing are not fetched.
    let fetched: u64 = rows.iter().map(|(_, [_, _, same, _])| same).sum();
    if let Some((_, [_, _, same, _])) = rows.iter_mut().find(|(kind, _)| kind.is_insight()) {
        *same += target.counts.unchanged.saturating_sub(fetched);
    }
    let mut rows: Vec<(String, Numbers)> = rows
        .into_iter()
        .filter(|(_, numbers)| numbers.iter().any(|number| *number > 0))
        .map(|(kind, numbers)| (kind.as_str().to_owned(), numbers.map(Some)))
        .collect();
    if here.contains_key("rejected") {
        rows.push(("rejected".to_owned(), numbers("rejected").map(Some)));
    }
    let progress: Vec<&str> = PROGRESS_KINDS.into_iter().filter(|kind| here.contains_key(kind)).collect();
    if !progress.is_empty() {
        let units = progress.iter().map(|kind| numbers(kind)[3]).sum();
        rows.push((progress.join(", "), [None, None, None, Some(units)]));
    }
    rows
}

/// The first items of each kind, if there are any.
pub fn examples(planned: &BTreeMap<Group, Counted>, session: &Session) -> Option<String> {
    let places: BTreeSet<(&str, &str)> =
        planned.keys().map(|group| (group.account_id.as_str(), group.region.as_str())).collect();
    let columns = [("KIND", Column::Fixed), ("SINCE", Column::Fixed), ("WHAT", Column::Text)];
    let mut table = Tabular::new(session, &columns);
    let mut any = false;
    for kind in insights_sources::kinds() {
        let groups = planned.iter().filter(|(group, _)| group.kind == kind.as_str());
        let items = groups.flat_map(|(group, counted)| {
            counted.examples.iter().map(move |(change, item)| (group, *change, item))
        });
        for (group, change, item) in items.take(MOST_EXAMPLES) {
            any = true;
            let change = if change == Change::New { "new" } else { "changed" };
            let place = if places.len() > 1 {
                format!("\n{} {}", group.account_id, group.region)
            } else {
                String::new()
            };
            table.row(vec![
                cell(format!("{}\n{change}", kind.as_str())),
                cell(since(item, session)),
                cell(about(item) + &place),
            ]);
        }
    }
    any.then(|| heading("The first of each kind", session) + &table.render())
}

fn since(item: &Map, session: &Session) -> String {
    let started =
        item.get("started_at").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    started.map_or_else(String::new, |started| instant(started, &session.zone))
}

/// The subject of an item on one line: its title, otherwise the parts of its key without source, account and region.
fn about(item: &Map) -> String {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    if !text("title").is_empty() {
        return plain(text("title"));
    }
    let parts: Vec<&str> = text("pk").split('#').skip(3).filter(|part| *part != "-").collect();
    let seconds =
        item.get("period").and_then(Value::as_number).and_then(insights_shared::number::Number::as_i64);
    let apart = seconds.map_or_else(String::new, |seconds| format!(", points {} apart", period(seconds)));
    plain(&(parts.join(" ") + &apart))
}
