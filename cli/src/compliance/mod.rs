//! `insights compliance`: daily compliance counts. `insights_query::counts` decides what a day without counts means.

mod diff;
mod scope;

pub use scope::choose;

use crate::args::shared::Output;
use crate::args::{ComplianceArguments, ComplianceCommand};
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{csv, print, say, sections};
use crate::session::Session;
use insights_query::counts::{Given, ScopeDays};
use insights_query::format::json;
use insights_query::{Detail, Reader, Span, compliance};
use insights_shared::record::{Kind, Stored};
use insights_sources::view;

/// The legend of the table and the bars.
const LEGEND: &str = "counts are of one UTC day each; █ non-compliant, ░ compliant, · inconclusive\n";

/// Runs the command.
pub async fn run(arguments: &ComplianceArguments, session: &Session) -> Result<Exit, Failure> {
    if let Some(ComplianceCommand::Diff(arguments)) = &arguments.command {
        return diff::run(arguments, session).await;
    }
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now(), &session.zone)?;
    let question = async |reader: &Reader| answer(arguments, span, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &ComplianceArguments,
    span: Span,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let mut all = reader.scopes().await?;
    let filters = &arguments.filters.selection();
    all.retain(|scope| {
        scope.kind.compliance.is_some()
            && filters.selects_source(scope.kind.source)
            && filters.selects_place(&scope.place)
            && filters.selects_entity(&scope.entity)
    });
    let chosen = choose(all, arguments.scope.as_deref())?;
    if chosen.is_empty() {
        let mut filters = arguments.filters.selection();
        if filters.source.is_empty() {
            filters.source.extend(kinds().next().map(|kind| kind.source));
        }
        say(&empty::reason(reader, &empty::Requested::with(&filters), span, session).await?);
    }
    let scopes = reader.scope_days(chosen, span, arguments.scope.is_some()).await?;
    Ok(match arguments.look.output {
        Output::Json => json::records(&scopes.iter().flat_map(ScopeDays::records).collect::<Vec<_>>()),
        Output::Csv => rows(&scopes),
        Output::Table if scopes.is_empty() => String::new(),
        Output::Table => {
            let mut texts = sections::render(&compliance::sections(&scopes), &Detail::default(), session);
            texts.push(LEGEND.to_owned());
            texts.join("\n")
        }
    })
}

/// The kinds with compliance counts.
fn kinds() -> impl Iterator<Item = Kind> {
    insights_sources::kinds().filter(|kind| kind.compliance.is_some())
}

/// One row for each scope and day, including days without counts.
fn rows(scopes: &[ScopeDays]) -> String {
    let mut header = vec!["account_id", "region", "level", "entity", "title", "day", "given", "severity"];
    let measures: Vec<&str> =
        kinds().next().into_iter().flat_map(|kind| kind.measures).map(|one| one.name).collect();
    header.extend(&measures);
    header.extend(["failed_controls", "controls"]);
    let mut text = csv::row(header);
    for days in scopes {
        let scope = &days.scope;
        for record in days.records() {
            let of_day = |name: &str| csv::attribute(&record, name);
            let given = given(&record);
            let mut row: Vec<String> = vec![
                scope.place.account_id.clone(),
                scope.place.region.clone(),
                scope.level().to_owned(),
                scope.entity.clone(),
                scope.title.clone(),
                of_day("sk"),
                given,
                of_day("severity"),
            ];
            row.extend(measures.iter().map(|name| of_day(name)));
            let controls = view::controls(&record);
            row.push(controls.map_or_else(String::new, |(failed, _)| failed.to_string()));
            row.push(controls.map_or_else(String::new, |(_, all)| all.to_string()));
            text.push_str(&csv::row(row));
        }
    }
    text
}

/// The availability of a day's counts. A snapshot has no such member.
fn given(record: &Stored) -> String {
    let given = record.text("given");
    given.map_or_else(|| Given::Counts(record.clone()).as_str().to_owned(), str::to_owned)
}
