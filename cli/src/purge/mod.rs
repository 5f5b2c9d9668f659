//! `insights purge`: deletes all items of one account before they expire. It asks for confirmation and says which data
//! stays. `delete` finds and deletes the items.

mod delete;

use crate::args::PurgeArguments;
use crate::embedded::file::Purpose;
use crate::embedded::{self, Erasure};
use crate::exit::{self, Exit, Failure};
use crate::location::Opened;
use crate::output::progress::Progress;
use crate::output::tabular::{Column, Tabular, cell};
use crate::output::{ask, print, say};
use crate::session::Session;
use crate::unreadable::explained;
use delete::{Found, Selection, Table};
use insights_query::format::{add, count, so_many, thousands};
use std::io::{BufRead, IsTerminal};
use std::path::Path;

/// Deletes the items that the arguments select, or counts them with `--dry-run`.
pub async fn run(arguments: &PurgeArguments, session: &Session) -> Result<Exit, Failure> {
    // Without a terminal the command fails before it reads anything.
    if !arguments.yes && !arguments.dry_run && !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "cannot ask for confirmation, because standard input is not a terminal: use --yes, or --dry-run to count the items",
        ));
    }
    let purpose = if arguments.dry_run { Purpose::Read } else { Purpose::Write };
    let opened = Opened::open_for(purpose, &arguments.location, session).await?;
    let done = purge(arguments, &opened, session).await;
    opened.close().await;
    match (done?, &arguments.location.local) {
        (Done::Purged, Some(file)) => erase(arguments, file, session).await,
        (Done::Purged, None) => {
            say(&format!(
                "Data in point-in-time recovery, backups, exports and copies of the stream is not deleted. {}",
                collected_again(&arguments.account)
            ));
            Ok(Exit::Done)
        }
        (Done::Ended(exit), _) => Ok(exit),
    }
}

/// The result.
enum Done {
    /// All selected items are deleted from the table. A file must still be rewritten.
    Purged,
    /// It stopped earlier.
    Ended(Exit),
}

/// The traces that are erased from a file in addition to the items.
fn erasure(arguments: &PurgeArguments) -> Erasure {
    let PurgeArguments { account, source, region, .. } = arguments;
    Erasure {
        account: account.clone(),
        source: source.map(|source| source.as_str().to_owned()),
        region: region.clone(),
    }
}

/// Erases deleted data from a file, also of earlier deletions.
async fn erase(arguments: &PurgeArguments, file: &Path, session: &Session) -> Result<Exit, Failure> {
    let progress = Progress::new(session.live_progress, "rewriting the file".len());
    let step = progress.step("rewriting the file");
    let deleted = embedded::erase(file, erasure(arguments)).await?;
    step.finish(&format!("{} of the change stream deleted, free pages erased", stream_records(deleted)));
    say(&format!(
        "Copies of {} and reports made from it are not changed. {}",
        file.display(),
        collected_again(&arguments.account)
    ));
    Ok(Exit::Done)
}

fn collected_again(account: &str) -> String {
    format!("If TARGETS of a function still contains {account}, the next run collects the account again.")
}

async fn purge(arguments: &PurgeArguments, opened: &Opened, session: &Session) -> Result<Done, Failure> {
    let reader = &opened.reader;
    let PurgeArguments { account, source, region, .. } = arguments;
    let selection = Selection {
        account,
        source: source.map(insights_shared::record::Source::as_str),
        region: region.as_deref(),
    };
    let progress = Progress::new(session.live_progress, "reading the table".len());
    let table = Table { client: reader.client(), name: reader.table() };
    let step = progress.step("reading the table");
    let found =
        match table.find(&selection, |items| step.update(&format!("{} found", thousands(items)))).await {
            Ok(found) => found,
            Err(error) => return Err(reader.call_error(error).await.into()),
        };
    step.finish(&format!("{}, {} read units", items(found.keys.len()), units(found.read_units)));
    print(&listing(&found, session))?;
    let traces = match &arguments.location.local {
        Some(file) => Some(embedded::traces(file, erasure(arguments)).await?),
        None => None,
    };
    let (is_without_items, table_name) = (found.keys.is_empty(), reader.table());
    if is_without_items {
        say(&format!("table {table_name} has no items of {selection}"));
    }
    if let Some(traces) = traces {
        say(&format!("its change stream has {} of {selection}", stream_records(traces)));
    }
    if arguments.dry_run {
        say("dry run: nothing was deleted");
        return Ok(Done::Ended(Exit::Done));
    }
    if is_without_items && traces.is_none() {
        say("nothing was deleted");
        return Ok(Done::Ended(Exit::Done));
    }
    if !arguments.yes && !confirmed(&found, traces, &selection, table_name)? {
        say("nothing was deleted");
        return Ok(Done::Ended(Exit::Failed));
    }
    if is_without_items {
        return Ok(Done::Purged);
    }
    let step = progress.step("deleting");
    let deleted =
        table.delete(&found.keys, |items| step.update(&format!("{} deleted", thousands(items)))).await;
    step.finish(&format!("{} deleted, {} write units", items(deleted.items), units(deleted.write_units)));
    if let Some(error) = deleted.error {
        let left = items(found.keys.len() - deleted.items);
        let failure = Failure::from(reader.call_error(error).await);
        exit::report(&explained(failure, &arguments.location.names()));
        say(&format!("{left} left: run the command again"));
        return Ok(Done::Ended(if deleted.items == 0 { Exit::Failed } else { Exit::Partial }));
    }
    Ok(Done::Purged)
}

/// The number of items of each kind.
fn listing(found: &Found, session: &Session) -> String {
    if found.kinds.is_empty() {
        return String::new();
    }
    let mut table = Tabular::new(session, &[("KIND", Column::Fixed), ("ITEMS", Column::Number)]);
    for (kind, items) in &found.kinds {
        table.row(vec![cell(kind), cell(count(*items))]);
    }
    table.render()
}

/// Whether the person at the terminal enters the account id, which does not happen by accident.
fn confirmed(
    found: &Found,
    traces: Option<usize>,
    selection: &Selection<'_>,
    table: &str,
) -> Result<bool, Failure> {
    ask_for_number(&question(found.keys.len(), traces, selection, table), selection.account)
}

/// The confirmation prompt.
fn question(number: usize, traces: Option<usize>, selection: &Selection<'_>, table: &str) -> String {
    let mut what = items(number);
    let mut then = "";
    if let Some(traces) = traces {
        add(&mut what, format_args!(" and {} of the change stream", stream_records(traces)));
        then = ", and the file will be rewritten without deleted data";
    }
    format!(
        "{what} of {selection} will be permanently deleted from table {table}{then}.\nType the account id to continue: "
    )
}

fn ask_for_number(question: &str, account: &str) -> Result<bool, Failure> {
    let failed = |error| Failure::of("asking", error);
    ask(question).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim() == account)
}

fn stream_records(number: usize) -> String {
    so_many(number, "record", "records")
}

fn items(number: usize) -> String {
    so_many(number, "item", "items")
}

fn units(units: f64) -> String {
    format!("{units:.1}")
}
