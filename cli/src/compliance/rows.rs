//! Counts by day as rows for a spreadsheet.

use super::Scoped;
use crate::output::csv;
use insights_query::counts::{Given, Level};

/// A row for each scope and day, also for days without counts.
pub fn rows(scoped: &[Scoped]) -> String {
    let header = [
        "account_id",
        "region",
        "level",
        "entity",
        "title",
        "day",
        "given",
        "severity",
        "compliant",
        "noncompliant",
        "inconclusive",
    ];
    let mut text = csv::row(header);
    for (scope, days) in scoped {
        let level = match scope.level {
            Level::Account => "account",
            Level::Assessment => "assessment",
            Level::Domain => "domain",
        };
        for day in days {
            let (given, counts) = match &day.given {
                Given::Counts(counts) => ("counts", Some(counts)),
                Given::Nothing => ("no_data_yet", None),
                Given::NotCollected => ("not_collected", None),
            };
            let count = |name| counts.map(|counts| csv::counted(counts, name)).unwrap_or_default();
            text.push_str(&csv::row([
                scope.place.account_id.as_str(),
                &scope.place.region,
                level,
                &scope.entity,
                &scope.title,
                &day.day,
                given,
                counts.and_then(|counts| counts.text("severity")).unwrap_or_default(),
                &count("compliant"),
                &count("noncompliant"),
                &count("inconclusive"),
            ]));
        }
    }
    text
}
