//! Remedies if the table cannot be read: another name, another id, a missing permission.

use crate::exit::Failure;
use crate::output::near::nearest;
use insights_query::Error;
use insights_query::format::plain;
use insights_web::command::{CommandLine, Location};

/// The maximum number of ids listed for an ambiguous id.
const MOST_NAMED: usize = 10;

/// Adds a remedy to `failure` if the table could not be read. `location` contains the options with which the user selected
/// the table.
pub fn explained(failure: Failure, location: &Location) -> Failure {
    match failure {
        Failure::Table(error) => unreadable(*error, location),
        other => other,
    }
}

fn unreadable(error: Error, location: &Location) -> Failure {
    let advice = error.advice();
    match error {
        Error::NoSuchTable { table, others } => no_such_table(&table, &others, location),
        Error::OtherSchema { ref table, .. } => {
            let free = format!("{table}-insights");
            let create = CommandLine::insights(&["table", "create"]);
            let location = Location { table: Some(free), local: location.local.clone() };
            Failure::usage(error.to_string()).hint(&create.at(&location))
        }
        Error::UnknownId { id, days, control_days } => Failure::usage(format!(
            "unknown id \"{id}\": `insights list` shows ids; for records older than {days} days, and controls older than \
             {control_days}, use the complete key"
        )),
        Error::ShortId { .. } => Failure::usage(error.to_string()),
        Error::AmbiguousId { ref matches, .. } => {
            let failure = Failure::usage(format!("{error}:"));
            let named = matches.iter().take(MOST_NAMED);
            named.fold(failure, |failure, (pk, title)| failure.detail(format!("{pk}  {title}")))
        }
        error => {
            let failure = Failure::Failed(error.to_string());
            match advice {
                Some(advice) => failure.detail(advice),
                None => failure,
            }
        }
    }
}

fn no_such_table(table: &str, others: &[String], location: &Location) -> Failure {
    let names: Vec<&str> = others.iter().map(String::as_str).collect();
    if let Some(name) = nearest(table, names.iter().copied()) {
        return Failure::usage(format!("no table {table}: did you mean --table {}?", plain(name)));
    }
    if names.is_empty() {
        let failure = Failure::usage(format!(
            "no table {table}: create it with `insights table create`, or set another name by --table or TABLE_NAME"
        ));
        return failure.hint(&CommandLine::insights(&["table", "create"]).at(location));
    }
    Failure::usage(format!("no table {table}; the tables are {}", plain(&names.join(", "))))
}
