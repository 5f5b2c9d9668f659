//! `insights compliance`: Audit Manager's counts by day. What a day without counts means is `read::counts`'.

pub mod days;
mod rows;
mod scope;
mod worst;

use crate::args::ComplianceArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::heading;
use crate::output::{print, say};
use crate::session::Session;
use insights_query::counts::{Day, Given, Level, SOURCE, Scope};
use insights_query::format::{self, json, percent, plain, thousands};
use insights_query::{Reader, Span};
use insights_shared::record::Stored;
use std::collections::BTreeSet;

/// A scope with its days.
type Scoped = (Scope, Vec<Day>);

/// Shows the counts.
pub async fn run(arguments: &ComplianceArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let span = arguments.within.span(session.clock.now())?;
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
    let all = reader.scopes().await?;
    let chosen = scope::choose(all, arguments.scope.as_deref())?;
    if chosen.is_empty() {
        let asked = empty::Asked { source: Some(SOURCE), ..empty::Asked::default() };
        say(&empty::reason(reader, &asked, span, session).await?);
    }
    let mut scoped: Vec<Scoped> = Vec::new();
    for scope in chosen {
        let days = reader.days(&scope, span).await?;
        scoped.push((scope, days));
    }
    let text = match arguments.look.output {
        Output::Json => {
            let given = scoped.into_iter().flat_map(|(_, days)| days);
            let counts = given
                .filter_map(|day| if let Given::Counts(counts) = day.given { Some(counts) } else { None });
            json::records(&counts.collect::<Vec<_>>())
        }
        Output::Csv => rows::rows(&scoped),
        Output::Table => {
            let mut text = page(&scoped, session);
            if arguments.scope.is_some() {
                text.push_str(&worst::controls(&scoped, reader, session).await?);
            }
            text
        }
    };
    Ok(text)
}

fn page(scoped: &[Scoped], session: &Session) -> String {
    let places: BTreeSet<_> = scoped.iter().map(|(scope, _)| &scope.place).collect();
    let place = |scope: &Scope| match places.len() {
        1 => String::new(),
        _ => format!(", {} {}", plain(&scope.place.account_id), plain(&scope.place.region)),
    };
    let mut text = String::new();
    let (domains, tops): (Vec<&Scoped>, Vec<&Scoped>) =
        scoped.iter().partition(|(scope, _)| scope.level == Level::Domain);
    for (scope, days) in tops {
        let id = if scope.level == Level::Assessment {
            format!(" ({})", plain(&scope.entity))
        } else {
            String::new()
        };
        text.push_str(&heading(&format!("{}{id}{}", plain(&scope.title), place(scope)), session));
        text.push_str(&days::table(days, session));
        text.push('\n');
    }
    if !domains.is_empty() {
        text.push_str(&worst::newest("CONTROL DOMAIN", &domains, session));
        text.push('\n');
    }
    if !text.is_empty() {
        text.push_str("counts are of one UTC day each; █ not compliant, ░ compliant, · inconclusive\n");
    }
    text
}

/// The counts as they are shown: not compliant, compliant, the share, inconclusive.
fn numbers(counts: &Stored) -> [String; 4] {
    let shown = |name| format::counted(counts, name).map_or_else(|| "–".to_owned(), thousands);
    let [noncompliant, compliant] =
        ["noncompliant", "compliant"].map(|name| format::measure(counts, name).unwrap_or_default());
    [
        shown("noncompliant"),
        shown("compliant"),
        percent(noncompliant, noncompliant + compliant),
        shown("inconclusive"),
    ]
}
