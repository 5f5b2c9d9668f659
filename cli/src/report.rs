//! `insights report`: the page as one file that needs no network and no program except a browser.

use crate::args::ReportArguments;
use crate::compliance::choose;
use crate::embedded::file::is_database;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output;
use crate::session::Session;
use insights_query::{Reader, Selection, Span};
use insights_web::command::Location;
use insights_web::report::Document;
use jiff::tz::TimeZone;
use std::path::Path;

/// Runs the command.
pub async fn run(arguments: &ReportArguments, session: &Session) -> Result<Exit, Failure> {
    if is_database(&arguments.out).map_err(|error| Failure::of(arguments.out.display().to_string(), error))? {
        let file = arguments.out.display();
        return Err(Failure::usage(format!("--out {file}: the file is a database; choose another file")));
    }
    let session = session.in_utc(arguments.utc);
    let span = arguments.within.span(session.clock.now(), &session.zone)?;
    let opened = Opened::open(&arguments.location, &session).await?;
    let written = async {
        let selection = selection(arguments, &opened.reader).await?;
        let location = arguments.location.names();
        write(&opened.reader, &location, (&selection, span), session.zone.clone(), &arguments.out).await
    }
    .await;
    opened.close().await;
    let summary = written?;
    if arguments.out != Path::new("-") {
        output::say(&summary);
    }
    Ok(Exit::Done)
}

/// What the report is about. A scope selects the counts of an account or assessment, and so their source.
async fn selection(arguments: &ReportArguments, reader: &Reader) -> Result<Selection, Failure> {
    let mut selection = arguments.filters.selection();
    let Some(wanted) = &arguments.scope else { return Ok(selection) };
    let mut all = reader.scopes().await?;
    all.retain(|scope| scope.kind.compliance.is_some() && selection.selects_place(&scope.place));
    let chosen = choose(all, Some(wanted))?;
    let Some(scope) = chosen.first() else {
        return Err(Failure::usage(format!("unknown --scope {wanted}: no counts have been collected")));
    };
    selection.entity = vec![scope.entity.clone()];
    if selection.source.is_empty() {
        selection.source = vec![scope.kind.source];
    }
    Ok(selection)
}

/// Writes the report of what `selection` selects in `span` to `file`, or to standard output if `file` is `-`. Returns a line that
/// describes what was written.
pub async fn write(
    reader: &Reader,
    location: &Location,
    (selection, span): (&Selection, Span),
    zone: TimeZone,
    file: &Path,
) -> Result<String, Failure> {
    // People forward reports, so the report names the table but no folder of this machine.
    let location = Location { table: location.table.clone(), local: None };
    let Document { page, open, ended, unknown } =
        insights_web::report::document(reader, location, selection, span, zone).await?;
    if file == Path::new("-") {
        output::print_document(&page)?;
    } else {
        let written = output::file::replace(file, page.as_bytes());
        written.map_err(|error| Failure::of(format!("writing {}", file.display()), error))?;
    }
    let size = page.len() / 1_000;
    let unknown = unknown
        .map_or_else(String::new, |reason| format!("; whether there are insights is unknown: {reason}"));
    Ok(format!("wrote {}: {open} open and {ended} ended insights, {size} kB{unknown}", file.display()))
}
