//! `insights report`: the page as one file that needs neither a network nor this program.

use crate::args::ReportArguments;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output;
use crate::page::filter::{DEFAULT_SINCE, Filter};
use crate::page::gather::{self, Wanted};
use crate::page::{Dress, document};
use crate::read::Reader;
use crate::read::span::Span;
use crate::session::Session;
use jiff::tz::TimeZone;
use std::path::Path;

/// The most insights that get charts and details.
const MOST_DETAILS: usize = 60;
/// What a report may weigh: it is sent around and read on phones.
const MOST_BYTES: usize = 1_900_000;

/// Writes the report that `arguments` ask for.
pub async fn run(arguments: &ReportArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.utc);
    let opened = Opened::open(&arguments.location, &session).await?;
    let now = opened.reader.now();
    let since = arguments.since.map_or_else(
        || Filter::parse([("since", DEFAULT_SINCE)], now).map_or(now, |(_, span)| span.since),
        |since| since.instant(now),
    );
    let written = if since < now {
        let name = match &arguments.location.local {
            Some(file) => format!("{} in {}", opened.reader.table(), file.display()),
            None => opened.reader.table().to_owned(),
        };
        write(&opened.reader, Span { since, until: now }, name, session.zone, &arguments.out).await
    } else {
        Err(Failure::usage(format!("--since {since} is not before now, {now}")))
    };
    opened.close().await;
    let told = written?;
    if arguments.out != Path::new("-") {
        output::say(&told);
    }
    Ok(Exit::Done)
}

/// Writes the report of `span` to `file`, or to standard output if it is `-`; what was written, in a line.
pub async fn write(
    reader: &Reader,
    span: Span,
    table: String,
    zone: TimeZone,
    file: &Path,
) -> Result<String, Failure> {
    let filter = Filter::default();
    let wanted = Wanted { filter: &filter, span, most_details: MOST_DETAILS, table, zone };
    let mut model = gather::whole(reader, wanted).await?;
    let (open, ended) = (model.open.len(), model.closed.len());
    let mut page = document::whole(&model, &Dress::File).into_string();
    // Details weigh most, so those of the least important go first.
    let mut left = MOST_DETAILS;
    while page.len() > MOST_BYTES && left > 0 {
        left /= 2;
        model.keep_details(left);
        page = document::whole(&model, &Dress::File).into_string();
    }
    if file == Path::new("-") {
        output::print(&page)?;
    } else {
        let written = std::fs::write(file, &page);
        written.map_err(|error| Failure::of(format!("writing {}", file.display()), error))?;
    }
    Ok(format!("wrote {}: {open} open and {ended} ended insights, {} kB", file.display(), page.len() / 1_000))
}
