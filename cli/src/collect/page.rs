//! The output at the end of `collect`: the condition of each target, failures and remedies, and costs. It makes no decisions.

use super::explain::{absence, condition, explain};
use super::units::{PRICES, price};
use super::{Collected, Ended, planned};
use crate::output::tabular::{self, Column, Tabular, cell};
use crate::session::Session;
use insights_query::format::{self, count, plain, service, so_many, wrapped};
use insights_shared::issue::RECORD_INVALID;
use insights_shared::report::TargetResponse;

/// The maximum number of issues shown for a target.
const MOST_ISSUES: usize = 3;

/// The complete text.
pub fn page(ended: &Ended, session: &Session) -> String {
    let mut sections = Vec::new();
    if ended.collected.iter().any(|collected| !collected.targets.is_empty()) {
        sections.push(targets(ended, session));
    }
    if let Some(planned) = &ended.planned {
        sections.push(planned::changes(planned, &ended.collected, session));
        sections.extend(planned::examples(planned, session));
    }
    let notes: Vec<String> = notes(ended).iter().map(|note| wrapped(note, session.width)).collect();
    let go_on = ended.go_on.as_ref().map(|command| {
        // A shell would end the command at a line break.
        let command = command.text().unwrap_or_else(|| "the same command again".to_owned());
        format!("continue: {command}\n")
    });
    let notes = notes.concat() + &go_on.unwrap_or_default();
    if !notes.is_empty() {
        sections.push(notes);
    }
    sections.push(wrapped(&cost(ended), session.width));
    sections.join("\n")
}

fn targets(ended: &Ended, session: &Session) -> String {
    let all = || ended.collected.iter().flat_map(|collected| &collected.targets);
    let any_rejected = all().any(|target| target.counts.rejected > 0);
    let any_left = all().any(|target| target.counts.not_reached > 0);
    let mut columns = vec![
        ("SOURCE", Column::Fixed),
        ("STATUS", Column::Fixed),
        ("FETCHED", Column::Number),
        (if ended.planned.is_some() { "TO WRITE" } else { "WRITTEN" }, Column::Number),
        ("UNCHANGED", Column::Number),
    ];
    columns.extend(any_rejected.then_some(("REJECTED", Column::Number)));
    columns.extend(any_left.then_some(("NOT\nREACHED", Column::Number)));
    let mut table = Tabular::new(session, &columns);
    for Collected { source, targets, .. } in &ended.collected {
        for target in targets {
            let TargetResponse { account_id, region, counts, .. } = target;
            let place = format!("{}\n{account_id} {region}", service(source.as_str()));
            let state = tabular::standing(target.status.as_str(), condition(target));
            let mut row = vec![cell(place), state];
            let numbers = [counts.fetched, counts.written, counts.unchanged + counts.stale];
            row.extend(numbers.map(|number| cell(count(number))));
            row.extend(any_rejected.then(|| cell(count(counts.rejected))));
            row.extend(any_left.then(|| cell(count(counts.not_reached))));
            table.row(row);
        }
    }
    table.render()
}

/// The notes, one per line.
fn notes(ended: &Ended) -> Vec<String> {
    let mut notes = Vec::new();
    for Collected { source, targets, error, .. } in &ended.collected {
        let name = service(source.as_str());
        let told_by_targets = targets.iter().any(|target| !target.issues.is_empty());
        // Errors of the whole run that no target reports.
        if let Some(error) = error.as_ref().filter(|_| !told_by_targets) {
            notes.push(format!("{name}: {}: {}", error.error_type, plain(&error.message)));
        }
        for target in targets {
            let place = format!("{name} {} {}", target.account_id, target.region);
            if let Some(absence) = absence(*source, condition(target)) {
                notes.push(format!("{place}: {}: {absence}", condition(target).replace('_', " ")));
            }
            if target.counts.rejected > 0 {
                let number = usize::try_from(target.counts.rejected).unwrap_or(usize::MAX);
                let answers = so_many(number, "answer", "answers");
                notes.push(format!(
                    "{place}: {answers} violated a rule; they are stored under `rejected` with the reasons"
                ));
            }
            let issues = target.issues.iter().filter(|issue| issue.code != RECORD_INVALID);
            let all: Vec<String> = issues.map(|issue| explain(issue, *source, &place)).collect();
            let mut lines = all.clone();
            lines.dedup();
            lines.truncate(MOST_ISSUES);
            let told_of = all.iter().filter(|line| lines.contains(line)).count() as u64;
            // The number of all issues, also of those that did not fit into the response.
            let counts = target.issue_counts.iter().filter(|(code, _)| *code != RECORD_INVALID);
            let more = counts.map(|(_, number)| number).sum::<u64>().saturating_sub(told_of);
            notes.extend(lines);
            if more > 0 {
                notes.push(format!("{place}: {} more of the kind", count(more)));
            }
        }
    }
    if ended.stopped {
        let kept = if ended.planned.is_some() { "counted above" } else { "stored" };
        notes.push(format!("stopped before the end: the fetched data is {kept}"));
    }
    notes.extend(ended.left_out.iter().map(|left_out| format!("skipped: {left_out}")));
    notes
}

/// The costs of the run, or of a run that writes.
fn cost(ended: &Ended) -> String {
    let services: Vec<&str> =
        ended.collected.iter().map(|collected| service(collected.source.as_str())).collect();
    let calls: u64 = ended.collected.iter().map(|collected| collected.calls).sum();
    let number = so_many(usize::try_from(calls).unwrap_or(usize::MAX), "call", "calls");
    let calls = format!("{number}, free of charge according to the price pages of {}", listed(&services));
    let read: f64 = ended.collected.iter().map(|collected| collected.units.read).sum();
    let mut written: f64 = ended.collected.iter().map(|collected| collected.units.write).sum();
    if let Some(planned) = &ended.planned {
        #[expect(clippy::cast_precision_loss, reason = "units are far fewer than 2^52")]
        let units = planned.values().map(|counted| counted.write_units).sum::<u64>() as f64;
        written = units;
    }
    let units = format!("{} read and {} write units", format::units(read), format::units(written));
    let price = if ended.local {
        "a table in a file costs nothing".to_owned()
    } else {
        format!("{} {PRICES}", price(written, read))
    };
    let begin = if ended.planned.is_some() { "A run that writes would make about " } else { "" };
    format!("{begin}{calls}; {units} of {}: {price}.", ended.table)
}

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}
