//! `insights status`: is it empty, or broken? How each account, region and source is, and what to do. What a state means is
//! `condition`'s, which targets there are `survey`'s.

pub mod warnings;

use crate::args::StatusArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::{Column, Tabular, cell, heading};
use crate::output::{csv, print, say};
use crate::session::Session;
use comfy_table::{Cell, Color};
use insights_query::format::{
    self, add, instant, json, length, plain, service, so_many, thousands, times, wrapped,
};
use insights_query::health::{Condition, Health, Target, count_rejected, survey};
use insights_query::rejected::Rejected;
use insights_query::{Place, Reader};
use insights_shared::record::{Source, Stored};
use insights_shared::value::{Map, Value};
use insights_web::command::{collect, remedy};
use std::collections::BTreeSet;

/// The most rules that are named of one target.
const MOST_RULES: usize = 5;

/// Shows how all targets are.
pub async fn run(arguments: &StatusArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let question = async |reader: &Reader| answer(arguments, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(arguments: &StatusArguments, reader: &Reader, session: &Session) -> Result<String, Failure> {
    let mut targets = survey(reader, arguments.stale_after).await?;
    count_rejected(reader, &mut targets).await?;
    if targets.iter().all(|target| target.state.is_none()) {
        say(&format!(
            "table {} holds no state: no scheduled run has ended yet. Is a function deployed, is its schedule on, \
             and does it write to this table? `{}` runs one from here",
            reader.table(),
            session.command(&["collect"])
        ));
    }
    Ok(match arguments.look.output {
        Output::Json => {
            json::records(&targets.iter().map(|target| record(target, session)).collect::<Vec<_>>())
        }
        Output::Csv => rows(&targets, session),
        Output::Table if targets.is_empty() => String::new(),
        Output::Table => page(&targets, reader, session),
    })
}

/// The target's `state`, with what follows from it. One without has only that, and whose it is.
fn record(target: &Target, session: &Session) -> Stored {
    let mut record = target.state.as_ref().map(|state| state.0.clone()).unwrap_or_default();
    let Place { account_id, region } = &target.place;
    let rejected = &target.rejected;
    let mut counted = Map::from([("count".into(), (rejected.count as u64).into())]);
    if let Some(newest_at) = rejected.newest_at {
        counted.insert("newest_at".into(), newest_at.into());
    }
    let violations = rejected.violations.iter();
    let violations = violations.map(|(rule, count)| (rule.as_str().into(), (*count as u64).into()));
    counted.insert("violations".into(), Value::Map(violations.collect()));
    record.extend([
        ("source".into(), target.source.as_str().into()),
        ("account_id".into(), account_id.as_str().into()),
        ("region".into(), region.as_str().into()),
        ("condition".into(), target.classification.condition.as_str().into()),
        ("rejected_records".into(), Value::Map(counted)),
    ]);
    if let Some(remedy) = remedy(&target.classification, target.source, &session.location) {
        record.insert("action".into(), remedy.into());
    }
    Stored(record)
}

/// How all targets are, in a line, and below it what is not known.
fn summary(targets: &[Target]) -> (String, Option<String>) {
    let well = targets.iter().filter(|target| target.classification.condition.is_well()).count();
    let all = so_many(targets.len(), "target", "targets");
    let conditions: Vec<(Source, Condition)> =
        targets.iter().map(|target| (target.source, target.classification.condition)).collect();
    let health = Health::of(&insights_sources::all().collect::<Vec<_>>(), &conditions);
    let summary = if well < targets.len() {
        let worse = targets.len() - well;
        format!("{worse} of {all} {} attention", if worse == 1 { "needs" } else { "need" })
    } else if health.unknown().is_some() {
        format!("Nothing is collected: no source is in use in any of {all}")
    } else {
        format!("All is well: {all}")
    };
    let unknown = health.unknown().map(|reason| format!("Whether anything is wrong is unknown: {reason}."));
    (summary, unknown)
}

fn page(targets: &[Target], reader: &Reader, session: &Session) -> String {
    let (summary, unknown) = summary(targets);
    let mut text = heading(&summary, session);
    if let Some(unknown) = unknown {
        add(&mut text, format_args!("{}\n", wrapped(&unknown, session.width)));
    }
    let mut columns = vec![("ACCOUNT", Column::Fixed), ("REGION", Column::Fixed)];
    columns.extend(insights_sources::all().map(|source| (service(source.as_str()), Column::Text)));
    let mut table = Tabular::new(session, &columns);
    let places: BTreeSet<&Place> = targets.iter().map(|target| &target.place).collect();
    for place in places {
        let mut row = vec![cell(plain(&place.account_id)), cell(plain(&place.region))];
        row.extend(
            targets.iter().filter(|target| target.place == *place).map(|target| grid_cell(target, reader)),
        );
        table.row(row);
    }
    text.push_str(&table.render());
    let notes: String = targets.iter().filter_map(|target| note(target, session)).collect();
    if !notes.is_empty() {
        text.push('\n');
        text.push_str(&heading("What to do", session));
        text.push_str(&notes);
    }
    let rejected: String = targets.iter().filter_map(|target| rejected(target, session)).collect();
    if !rejected.is_empty() {
        text.push('\n');
        text.push_str(&heading("Rejected: responses that violate a rule", session));
        text.push_str(&rejected);
    }
    let unavailable: String = targets
        .iter()
        .filter_map(|target| {
            let lasting = target.classification.lasting.as_ref()?;
            let Place { account_id, region } = &target.place;
            let name = service(target.source.as_str());
            let note = format!("{name}, {account_id} {region}: {lasting}; since when, and why:");
            let command = session.command(&["series"]);
            Some(wrapped(&plain(&note), session.width) + &format!("  {command}\n"))
        })
        .collect();
    if !unavailable.is_empty() {
        text.push('\n');
        text.push_str(&heading("Not available: requested again once a day, nothing to do", session));
        text.push_str(&unavailable);
    }
    let now = instant(reader.now(), &session.zone);
    let oldest = targets.iter().filter_map(|target| target.rejected.newest_at).min();
    let times = times(&session.zone, oldest.unwrap_or(reader.now()), reader.now());
    let example = session.command(&["show"]);
    text + &format!(
        "\nas of {now}; {times}. A target's last runs:\n  {example} 'run#SOURCE#ACCOUNT#REGION'\n"
    )
}

/// Whose target it is, within a text.
fn name(target: &Target) -> String {
    let Place { account_id, region } = &target.place;
    plain(&format!("{}, {account_id} {region}", service(target.source.as_str())))
}

/// What to do about a target; its command on a line of its own.
fn note(target: &Target, session: &Session) -> Option<String> {
    let advice = plain(&target.classification.advice()?);
    let mut note = wrapped(&format!("{}: {advice}", name(target)), session.width);
    if target.classification.needs_collect {
        add(&mut note, format_args!("  {}\n", collect(target.source, &session.location)));
    }
    Some(note)
}

/// What of a target was rejected, and the command that shows it.
fn rejected(target: &Target, session: &Session) -> Option<String> {
    let Rejected { count, newest_at, violations } = &target.rejected;
    if *count == 0 {
        return None;
    }
    let newest =
        newest_at.map_or_else(String::new, |at| format!(", the newest of {}", instant(at, &session.zone)));
    let rules: Vec<String> =
        violations.iter().take(MOST_RULES).map(|(rule, count)| format!("{count}× {}", plain(rule))).collect();
    let more = violations.len().saturating_sub(MOST_RULES);
    let more = if more > 0 { format!("; and {more} more rules") } else { String::new() };
    let note = format!(
        "{}: {}{newest}: {}{more}",
        name(target),
        so_many(*count, "answer", "answers"),
        rules.join("; ")
    );
    let command = session.command(&["show"]).key(&target.place.rejected(target.source));
    Some(wrapped(&note, session.width) + &format!("  {command}\n"))
}

/// The condition, how old the last success is, and what the last run found.
fn grid_cell(target: &Target, reader: &Reader) -> Cell {
    let state = target.state.as_ref();
    let age = state.and_then(|state| state.timestamp("last_success_at"));
    let age = age.map(|time| format!("success {} ago", length(reader.now().millis_since(time))));
    let never = state.and_then(|state| state.timestamp("last_run_at")).map(|_| "no success yet".to_owned());
    let found = state.and_then(|state| state.integer("fetched")).map(|fetched| match fetched {
        0 => "found nothing".to_owned(),
        fetched => format!("found {}", thousands(fetched)),
    });
    let rejected = Some(target.rejected.count).filter(|count| *count > 0);
    let rejected = rejected.map(|count| format!("{} rejected", format::count(count as u64)));
    let lines: Vec<String> =
        [Some(target.classification.condition.in_words().to_owned()), age.or(never), found, rejected]
            .into_iter()
            .flatten()
            .collect();
    let drawn = cell(lines.join("\n"));
    match target.classification.condition {
        Condition::Fresh => drawn.fg(Color::Green),
        Condition::NotEnabled | Condition::NeverRun => drawn,
        Condition::Stale | Condition::Partial => drawn.fg(Color::Yellow),
        Condition::Denied | Condition::Throttled | Condition::Failed => drawn.fg(Color::Red),
    }
}

/// A row for each target.
fn rows(targets: &[Target], session: &Session) -> String {
    let header = [
        "source",
        "account_id",
        "region",
        "condition",
        "last_status",
        "last_run_at",
        "last_success_at",
        "watermark",
        "fetched",
        "written",
        "rejected",
        "failed",
        "not_reached",
        "issues",
        "action",
        "lasting",
        "rejected_records",
        "rejected_newest_at",
        "rejected_violations",
    ];
    let mut text = csv::row(header);
    for target in targets {
        let attribute =
            |name: &str| target.state.as_ref().map(|state| csv::attribute(state, name)).unwrap_or_default();
        let violations = target.rejected.violations.iter();
        let violations: Vec<String> = violations.map(|(rule, count)| format!("{count}× {rule}")).collect();
        text.push_str(&csv::row([
            target.source.as_str(),
            &target.place.account_id,
            &target.place.region,
            target.classification.condition.as_str(),
            &attribute("last_status"),
            &attribute("last_run_at"),
            &attribute("last_success_at"),
            &attribute("watermark"),
            &attribute("fetched"),
            &attribute("written"),
            &attribute("rejected"),
            &attribute("failed"),
            &attribute("not_reached"),
            &target.classification.issues,
            &remedy(&target.classification, target.source, &session.location).unwrap_or_default(),
            target.classification.lasting.as_deref().unwrap_or_default(),
            &target.rejected.count.to_string(),
            &target.rejected.newest_at.map(|at| at.to_string()).unwrap_or_default(),
            &violations.join("; "),
        ]));
    }
    text
}
