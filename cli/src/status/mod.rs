//! `insights status`: the condition of each account, region and source, and what to do. `insights_query::health` classifies the
//! targets.

pub mod warnings;

use crate::args::StatusArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{csv, print, say, sections};
use crate::session::Session;
use insights_query::format::{instant, json, times};
use insights_query::health::{Condition, Target, count_rejected, survey};
use insights_query::rejected::Rejected;
use insights_query::{Detail, Place, Reader, Selection};
use insights_shared::record::Stored;
use insights_web::status::{self, record};
use std::collections::BTreeSet;

/// Runs the command.
pub async fn run(arguments: &StatusArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let question = async |reader: &Reader| answer(arguments, reader, &session).await;
    let (text, is_well) = Opened::ask(&arguments.location, &session, question).await?;
    print(&text)?;
    Ok(if arguments.exit_code && !is_well { Exit::Partial } else { Exit::Done })
}

/// Whether nothing is broken or stale. A source that has never run in a place may be omitted there on purpose, but if no scheduled run
/// has ended anywhere, nothing works.
fn are_well(targets: &[Target]) -> bool {
    let is_fine = |target: &Target| {
        let condition = target.classification.condition;
        condition.is_well() || condition == Condition::NeverRun
    };
    targets.iter().any(|target| target.state.is_some()) && targets.iter().all(is_fine)
}

/// The targets that `filters` select. An entity selects the targets that have records about it.
async fn selected(
    targets: Vec<Target>,
    filters: &Selection,
    reader: &Reader,
) -> Result<Vec<Target>, Failure> {
    let mut about: BTreeSet<(String, Option<Place>)> = BTreeSet::new();
    for entity in &filters.entity {
        let records = reader.all_about(entity).await?;
        about.extend(
            records
                .iter()
                .map(|record| (record.text("source").unwrap_or_default().to_owned(), Place::of(record))),
        );
    }
    let has_entity = |target: &Target| {
        filters.entity.is_empty()
            || about.contains(&(target.source.as_str().to_owned(), Some(target.place.clone())))
    };
    let is_selected = |target: &Target| {
        filters.selects_source(target.source) && filters.selects_place(&target.place) && has_entity(target)
    };
    Ok(targets.into_iter().filter(is_selected).collect())
}

/// The answer, and whether nothing is broken or stale.
async fn answer(
    arguments: &StatusArguments,
    reader: &Reader,
    session: &Session,
) -> Result<(String, bool), Failure> {
    let targets = survey(reader, arguments.stale_after).await?;
    let mut targets = selected(targets, &arguments.filters.selection(), reader).await?;
    count_rejected(reader, &mut targets).await?;
    if targets.iter().all(|target| target.state.is_none()) {
        say(&format!(
            "table {} has no state: no scheduled run has ended yet. Check that a function is deployed, that its schedule is enabled \
             and that it writes to this table. To collect from this machine, run `{}`",
            reader.table(),
            session.command(&["collect"])
        ));
    }
    let records: Vec<Stored> = targets.iter().map(|target| record(target, &session.location)).collect();
    let text = match arguments.look.output {
        Output::Json => json::records(&records),
        Output::Csv => rows(&records, &targets),
        Output::Table if targets.is_empty() => String::new(),
        Output::Table => page(&targets, reader, session),
    };
    Ok((text, are_well(&targets)))
}

fn page(targets: &[Target], reader: &Reader, session: &Session) -> String {
    let shown = status::sections(targets, reader.now(), &session.location, &session.zone);
    let text = sections::render(&shown, &Detail::default(), session).join("\n");
    let now = instant(reader.now(), &session.zone);
    let oldest = targets.iter().filter_map(|target| target.rejected.newest_at).min();
    let times = times(&session.zone, oldest.unwrap_or(reader.now()), reader.now());
    let example = session.command(&["show"]);
    text + &format!(
        "\nas of {now}; {times}. The last runs of a target:\n  {example} 'run#SOURCE#ACCOUNT#REGION'\n"
    )
}

/// One row per target, from its record.
fn rows(records: &[Stored], targets: &[Target]) -> String {
    let attributes = [
        "source",
        "account_id",
        "region",
        "condition",
        "last_status",
        "last_run_at",
        "last_success_at",
        "ask_again_at",
        "watermark",
        "fetched",
        "written",
        "rejected",
        "failed",
        "not_reached",
        "issues",
        "action",
        "lasting",
    ];
    let rejected = ["rejected_records", "rejected_newest_at", "rejected_violations"];
    let mut text = csv::row(attributes.iter().chain(&rejected));
    for (record, target) in records.iter().zip(targets) {
        let mut row: Vec<String> = attributes
            .iter()
            .map(|name| match *name {
                "issues" => target.classification.issues.clone(),
                name => csv::attribute(record, name),
            })
            .collect();
        let Rejected { count, newest_at, violations } = &target.rejected;
        let violations: Vec<String> =
            violations.iter().map(|(rule, count)| format!("{count}× {rule}")).collect();
        row.push(count.to_string());
        row.push(newest_at.map(|at| at.to_string()).unwrap_or_default());
        row.push(violations.join("; "));
        text.push_str(&csv::row(row));
    }
    text
}
