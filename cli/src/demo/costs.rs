//! The part of the demo's output with the counts, costs and issues of each run.

use super::invoke::{Invoked, Report};
use crate::output::tabular::{Column, Tabular, cell, heading, status};
use crate::session::Session;
use insights_query::format::{count, plain, service, so_many, units, wrapped};
use insights_shared::issue::RECORD_INVALID;

/// The maximum number of issues of a run.
const MOST_ISSUES: usize = 3;

/// Formats a number of a report.
type Number = fn(&Report) -> String;

/// One column per function, one row per number, then the issues.
pub fn costs(invoked: &[Invoked], session: &Session) -> String {
    let mut columns = vec![("", Column::Fixed)];
    columns.extend(invoked.iter().map(|invoked| (service(invoked.source.as_str()), Column::Number)));
    let mut table = Tabular::new(session, &columns);
    let mut statuses = vec![cell("status")];
    statuses.extend(invoked.iter().map(|invoked| match &invoked.result {
        Ok(report) => status(&report.status),
        Err(_) => status("failed"),
    }));
    table.row(statuses);
    let rows: [(&str, Number); 9] = [
        ("records fetched", |report| count(report.fetched)),
        ("written", |report| count(report.written)),
        ("unchanged", |report| count(report.unchanged)),
        ("rejected", |report| count(report.rejected)),
        ("calls to the service", |report| count(report.api_calls.values().sum())),
        ("of those throttled", |report| count(report.throttled)),
        ("read units", |report| units(report.read_units)),
        ("write units", |report| units(report.write_units)),
        ("seconds", |report| seconds(report.duration_ms)),
    ];
    for (name, number) in rows {
        let mut row = vec![cell(name)];
        let cells =
            invoked.iter().map(|invoked| invoked.result.as_ref().map_or_else(|_| "–".to_owned(), number));
        row.extend(cells.map(cell));
        table.row(row);
    }
    let notes: Vec<String> =
        invoked.iter().flat_map(notes).map(|note| wrapped(&note, session.width)).collect();
    let gap = if notes.is_empty() { "" } else { "\n" };
    heading("Runs and costs", session) + &table.render() + gap + &notes.concat()
}

fn seconds(millis: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "seconds are shown to a tenth")]
    let seconds = millis as f64 / 1_000.0;
    format!("{seconds:.1}")
}

/// The notes on a run.
fn notes(invoked: &Invoked) -> Vec<String> {
    let name = invoked.source.package;
    let log = invoked.log.display();
    let report = match &invoked.result {
        Ok(report) => report,
        Err(failure) => {
            let message = plain(&failure.message);
            return vec![format!("{name} failed: {}: {message}; its log is {log}", failure.error_type)];
        }
    };
    let issues = || report.targets.iter().flat_map(|target| &target.issues);
    let mut notes = Vec::new();
    if report.rejected > 0 {
        let rejected = so_many(usize::try_from(report.rejected).unwrap_or(usize::MAX), "answer", "answers");
        let reason = issues().find(|issue| issue.code == RECORD_INVALID).map(|issue| plain(&issue.message));
        let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
        notes.push(format!("{name}: {rejected} rejected{reason}; stored under `rejected`"));
    }
    let others: Vec<_> = issues().filter(|issue| issue.code != RECORD_INVALID).collect();
    notes.extend(others.iter().take(MOST_ISSUES).map(|issue| {
        let about = plain(&format!("{} {}", issue.operation, issue.subject));
        format!("{name}: {}: {}: {}", about.trim(), issue.code, plain(&issue.message))
    }));
    if let Some(more) = others.len().checked_sub(MOST_ISSUES).filter(|more| *more > 0) {
        notes.push(format!("{name}: {more} more in {log}"));
    }
    notes
}
