//! `insights status`: is it empty, or broken? How each account, region and source is, and what to do. What a state means is
//! `condition`'s, which targets there are `survey`'s.

pub mod caution;
pub mod condition;
pub mod survey;

use crate::args::StatusArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::{Column, Tabular, cell, heading};
use crate::output::words::{instant, length, plain, service, so_many, thousands, times, wrapped};
use crate::output::{csv, json, print, say};
use crate::read::Reader;
use crate::read::targets::Place;
use crate::session::Session;
use comfy_table::{Cell, Color};
use condition::Condition;
use insights_shared::record::{Source, Stored};
use std::collections::BTreeSet;
use survey::{Target, survey};

/// Shows how all targets are.
pub async fn run(arguments: &StatusArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc);
    let question = async |reader: &Reader| answer(arguments, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(arguments: &StatusArguments, reader: &Reader, session: &Session) -> Result<String, Failure> {
    let targets = survey(reader, arguments.stale_after).await?;
    let without_state = targets.iter().filter(|target| target.state.is_none()).count();
    if without_state == targets.len() {
        say(&format!(
            "table {} holds no state: no scheduled run has ended yet. Is a function deployed, is its schedule on, \
             and does it write to this table? `insights collect` runs one from here",
            reader.table()
        ));
    }
    if arguments.look.output == Output::Json {
        if without_state > 0 && without_state < targets.len() {
            let number = so_many(without_state, "target has", "targets have");
            say(&format!(
                "{number} no state, since no scheduled run has ended there: --output csv lists all"
            ));
        }
        let states: Vec<Stored> = targets.into_iter().filter_map(|target| target.state).collect();
        return Ok(json::records(&states));
    }
    Ok(match arguments.look.output {
        Output::Csv => rows(&targets),
        _ if targets.is_empty() => String::new(),
        _ => page(&targets, reader, session),
    })
}

fn page(targets: &[Target], reader: &Reader, session: &Session) -> String {
    let well = targets.iter().filter(|target| target.judged.condition.is_well()).count();
    let summary = if well == targets.len() {
        format!("All is well: {}", so_many(well, "target", "targets"))
    } else {
        let worse = targets.len() - well;
        format!(
            "{} of {} {} a look",
            worse,
            so_many(targets.len(), "target", "targets"),
            if worse == 1 { "needs" } else { "need" }
        )
    };
    let mut text = heading(&summary, session);
    let mut columns = vec![("ACCOUNT", Column::Fixed), ("REGION", Column::Fixed)];
    columns.extend(Source::ALL.map(|source| (service(source.as_str()), Column::Text)));
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
    let notes: String = targets
        .iter()
        .filter_map(|target| {
            let action = target.judged.action.as_ref()?;
            let Place { account_id, region } = &target.place;
            let name = service(target.source.as_str());
            Some(wrapped(&plain(&format!("{name}, {account_id} {region}: {action}")), session.width))
        })
        .collect();
    if !notes.is_empty() {
        text.push('\n');
        text.push_str(&heading("What to do", session));
        text.push_str(&notes);
    }
    let now = instant(reader.now(), &session.zone);
    let times = times(&session.zone, reader.now());
    text + &format!(
        "\nas of {now}; {times}. A target's last runs:\n  insights show 'run#SOURCE#ACCOUNT#REGION'\n"
    )
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
    let lines: Vec<String> = [Some(target.judged.condition.in_words().to_owned()), age.or(never), found]
        .into_iter()
        .flatten()
        .collect();
    let drawn = cell(lines.join("\n"));
    match target.judged.condition {
        Condition::Fresh => drawn.fg(Color::Green),
        Condition::NotEnabled | Condition::NeverRun => drawn,
        Condition::Stale | Condition::Partial => drawn.fg(Color::Yellow),
        Condition::Denied | Condition::Throttled | Condition::Failed => drawn.fg(Color::Red),
    }
}

/// A row for each target.
fn rows(targets: &[Target]) -> String {
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
    ];
    let mut text = csv::row(header);
    for target in targets {
        let attribute =
            |name: &str| target.state.as_ref().map(|state| csv::attribute(state, name)).unwrap_or_default();
        text.push_str(&csv::row([
            target.source.as_str(),
            &target.place.account_id,
            &target.place.region,
            target.judged.condition.as_str(),
            &attribute("last_status"),
            &attribute("last_run_at"),
            &attribute("last_success_at"),
            &attribute("watermark"),
            &attribute("fetched"),
            &attribute("written"),
            &attribute("rejected"),
            &attribute("failed"),
            &attribute("not_reached"),
            &target.judged.issues,
            target.judged.action.as_deref().unwrap_or_default(),
        ]));
    }
    text
}
