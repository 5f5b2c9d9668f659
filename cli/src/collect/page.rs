//! What a run of `collect` says at its end: how each target stands, what a dry run would have written, what went wrong and
//! what to do. It decides nothing.

use super::advice::{absence, standing, told};
use super::tally::{Counted, Group};
use super::units::{PRICES, price};
use super::{Collected, Ended};
use crate::output::tabular::{self, Column, Tabular, cell, heading};
use crate::output::words::{self, count, plain, service, wrapped};
use crate::session::Session;
use comfy_table::Cell;
use insights_shared::issue::RECORD_INVALID;
use insights_shared::record::{Kind, Source};
use insights_shared::report::TargetResponse;
use insights_shared::store::plan::Change;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};
use std::collections::BTreeMap;

/// The most issues of a target that are spelled out.
const MOST_ISSUES: usize = 3;

/// All of it, as text.
pub fn page(ended: &Ended, session: &Session) -> String {
    let mut sections = Vec::new();
    if ended.collected.iter().any(|collected| !collected.targets.is_empty()) {
        sections.push(targets(ended, session));
    }
    if let Some(planned) = &ended.planned {
        sections.push(changes(planned, ended, session));
        sections.extend(examples(planned, session));
    }
    let notes: Vec<String> = notes(ended).iter().map(|note| wrapped(note, session.width)).collect();
    if !notes.is_empty() {
        sections.push(notes.concat());
    }
    sections.push(wrapped(&cost(ended), session.width));
    sections.join("\n")
}

fn targets(ended: &Ended, session: &Session) -> String {
    let written = if ended.planned.is_some() { "TO WRITE" } else { "WRITTEN" };
    let columns = [
        ("SOURCE", Column::Fixed),
        ("ACCOUNT", Column::Fixed),
        ("REGION", Column::Fixed),
        ("STATUS", Column::Fixed),
        ("FETCHED", Column::Number),
        (written, Column::Number),
        ("UNCHANGED", Column::Number),
        ("REJECTED", Column::Number),
        ("NOT REACHED", Column::Number),
    ];
    let mut table = Tabular::new(session, &columns);
    for Collected { source, targets, .. } in &ended.collected {
        for target in targets {
            let TargetResponse { account_id, region, counts, .. } = target;
            let mut row = vec![cell(service(source.as_str())), cell(account_id), cell(region), state(target)];
            let kept = counts.unchanged + counts.stale;
            let numbers = [counts.fetched, counts.written, kept, counts.rejected, counts.not_reached];
            row.extend(numbers.map(|number| cell(count(number))));
            table.row(row);
        }
    }
    table.render()
}

/// How a target stands, in the colours of how its run ended.
fn state(target: &TargetResponse) -> Cell {
    tabular::standing(target.status.as_str(), standing(target))
}

/// What a dry run would have written, by kind.
fn changes(planned: &BTreeMap<Group, Counted>, ended: &Ended, session: &Session) -> String {
    let columns = [
        ("SOURCE", Column::Fixed),
        ("ACCOUNT", Column::Fixed),
        ("REGION", Column::Fixed),
        ("KIND", Column::Fixed),
        ("NEW", Column::Number),
        ("CHANGED", Column::Number),
        ("UNCHANGED", Column::Number),
        ("WRITE UNITS", Column::Number),
    ];
    let mut table = Tabular::new(session, &columns);
    for Collected { source, targets, .. } in &ended.collected {
        for target in targets {
            let is_here = |group: &Group| {
                group.source == source.as_str()
                    && group.account_id == target.account_id
                    && group.region == target.region
            };
            let here: Vec<_> = planned.iter().filter(|(group, _)| is_here(group)).collect();
            for (kind, row) in rows(*source, target, &here) {
                let mut cells = vec![
                    cell(service(source.as_str())),
                    cell(&target.account_id),
                    cell(&target.region),
                    cell(kind),
                ];
                cells.extend(row.iter().map(|number| cell(number.map_or_else(|| "–".to_owned(), count))));
                table.row(cells);
            }
        }
    }
    heading("What would be written; nothing was", session) + &table.render()
}

/// New, changed, unchanged, write units.
type Row = [Option<u64>; 4];

/// The rows of one target: its kinds, and what the table keeps for itself.
fn rows(source: Source, target: &TargetResponse, here: &[(&Group, &Counted)]) -> Vec<(String, Row)> {
    let mut rows = Vec::new();
    let mut own_units = 0;
    let mut same = 0;
    for kind in Kind::ALL.into_iter().filter(|kind| kind.source() == source) {
        let counted = here.iter().find(|(group, _)| group.kind == kind.as_str()).map(|(_, counted)| *counted);
        let number = |change| counted.map_or(0, |counted| counted.number(change));
        same += number(Change::Same);
        let units = counted.map_or(0, |counted| counted.write_units);
        rows.push((kind, [number(Change::New), number(Change::Changed), number(Change::Same), units]));
    }
    // What the service's own listing shows to be unchanged is never made into a record: those are insights.
    let unread = target.counts.unchanged.saturating_sub(same);
    if let Some((_, row)) = rows.iter_mut().find(|(kind, _)| kind.is_insight()) {
        row[2] += unread;
    }
    rows.retain(|(_, row)| row.iter().any(|number| *number > 0));
    let mut rows: Vec<(String, Row)> =
        rows.into_iter().map(|(kind, row)| (kind.as_str().to_owned(), row.map(Some))).collect();
    let mut own = Vec::new();
    for (group, counted) in here {
        if ["catalog", "rejected", "run", "state"].contains(&group.kind.as_str()) {
            own.push(group.kind.as_str());
            own_units += counted.write_units;
        }
    }
    if !own.is_empty() {
        rows.push((own.join(", "), [None, None, None, Some(own_units)]));
    }
    rows
}

/// The first few of what would be written.
fn examples(planned: &BTreeMap<Group, Counted>, session: &Session) -> Option<String> {
    let columns =
        [("", Column::Fixed), ("KIND", Column::Fixed), ("SINCE", Column::Fixed), ("WHAT", Column::Text)];
    let mut table = Tabular::new(session, &columns);
    let mut any = false;
    for (group, counted) in planned.iter().filter(|(group, _)| group.kind.parse::<Kind>().is_ok()) {
        for (change, item) in &counted.examples {
            any = true;
            let started = item.get("started_at").or_else(|| item.get("covered_from"));
            let started = started.and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
            let since = started.map_or_else(String::new, |started| words::instant(started, &session.zone));
            let change = if *change == Change::New { "new" } else { "changed" };
            table.row(vec![cell(change), cell(&group.kind), cell(since), cell(what(item))]);
        }
    }
    any.then(|| heading("The first of them", session) + &table.render())
}

/// What an item is about, on one line.
fn what(item: &Map) -> String {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let title = text("title");
    if !title.is_empty() {
        return plain(title);
    }
    // Without the account and the region, which stand above.
    let parts: Vec<&str> = text("pk").split('#').skip(3).chain(text("sk").split('#').take(2)).collect();
    plain(&parts.join(" "))
}

/// What somebody should know, one thing a line.
fn notes(ended: &Ended) -> Vec<String> {
    let mut notes = Vec::new();
    for Collected { source, targets, error, .. } in &ended.collected {
        let name = service(source.as_str());
        let told_by_targets = targets.iter().any(|target| !target.issues.is_empty());
        // What failed as a whole without a target's saying why.
        if let Some(error) = error.as_ref().filter(|_| !told_by_targets) {
            notes.push(format!("{name}: {}: {}", error.error_type, plain(&error.message)));
        }
        for target in targets {
            let place = format!("{name} {} {}", target.account_id, target.region);
            if let Some(absence) = absence(*source, standing(target)) {
                notes.push(format!("{place}: {}: {absence}", standing(target).replace('_', " ")));
            }
            if target.counts.rejected > 0 {
                let number = count(target.counts.rejected);
                notes.push(format!(
                    "{place}: {number} answers broke a rule and went to `rejected`, with the reasons"
                ));
            }
            let issues: Vec<_> = target.issues.iter().filter(|issue| issue.code != RECORD_INVALID).collect();
            let mut lines: Vec<String> = issues.iter().map(|issue| told(issue, &place)).collect();
            lines.dedup();
            let more = lines.len().saturating_sub(MOST_ISSUES);
            notes.extend(lines.into_iter().take(MOST_ISSUES));
            if more > 0 {
                notes.push(format!("{place}: {} more of the kind", count(more as u64)));
            }
        }
    }
    if ended.stopped {
        notes.push("stopped before the end: what had come is stored".to_owned());
    }
    if let Some(command) = &ended.go_on {
        notes.push(format!("go on: {command}"));
    }
    notes.extend(ended.left_out.iter().map(|left_out| format!("left out: {left_out}")));
    notes
}

/// What it cost, or would cost.
fn cost(ended: &Ended) -> String {
    let answered = || ended.collected.iter().filter_map(|collected| collected.response.as_ref());
    let calls: u64 = ended.collected.iter().map(|collected| collected.calls).sum();
    let (read, mut written) = answered().fold((0.0, 0.0), |(read, written), response| {
        (read + response.read_units, written + response.write_units)
    });
    let calls =
        format!("{} calls, which X-Ray, CloudTrail and Audit Manager do not charge for", count(calls));
    if let Some(planned) = &ended.planned {
        #[expect(clippy::cast_precision_loss, reason = "units are far fewer than 2^52")]
        let units = planned.values().map(|counted| counted.write_units).sum::<u64>() as f64;
        written = units;
    }
    let units = format!("{} read and {} write units", words::units(read), words::units(written));
    let price = if ended.local {
        "a table in a file costs nothing".to_owned()
    } else {
        format!("{} {PRICES}", price(written, read))
    };
    let verb = if ended.planned.is_some() { "To do it takes" } else { "It took" };
    format!("{verb} {calls}; {units} of {}: {price}.", ended.table)
}
