//! `insights report`: the page as one file that needs no network and no program except a browser.

use crate::args::ReportArguments;
use crate::embedded::file::is_database;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output;
use crate::session::Session;
use insights_query::{Reader, Span};
use insights_web::command::Location;
use insights_web::page::filter::{DEFAULT_SINCE, Filter, OF_INSIGHTS};
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
    let opened = Opened::open(&arguments.location, &session).await?;
    let now = opened.reader.now();
    let since = arguments.since.map_or_else(
        || {
            Filter::parse([("since", DEFAULT_SINCE)], &OF_INSIGHTS, now, &session.zone)
                .map_or(now, |(_, span)| span.since)
        },
        |since| since.start(now),
    );
    let written = if since < now {
        write(
            &opened.reader,
            &arguments.location.names(),
            Span { since, until: now },
            session.zone,
            &arguments.out,
        )
        .await
    } else {
        Err(Failure::usage(format!("--since {since} is not before now, {now}")))
    };
    opened.close().await;
    let summary = written?;
    if arguments.out != Path::new("-") {
        output::say(&summary);
    }
    Ok(Exit::Done)
}

/// Writes the report of `span` to `file`, or to standard output if `file` is `-`. Returns a line that describes what
/// was written.
pub async fn write(
    reader: &Reader,
    location: &Location,
    span: Span,
    zone: TimeZone,
    file: &Path,
) -> Result<String, Failure> {
    // People forward reports, so the report names the table but no folder of this machine.
    let location = Location { table: location.table.clone(), local: None };
    let Document { page, open, ended, unknown } =
        insights_web::report::document(reader, location, span, zone).await?;
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
