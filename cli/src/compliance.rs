//! `insights compliance`: Audit Manager's counts by day. What a day without counts means is `read::counts`'.

use crate::args::ComplianceArguments;
use crate::args::shared::Output;
use crate::empty;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::near::nearest;
use crate::output::tabular::{Column, Tabular, cell, heading, severity};
use crate::output::words::{self, percent, plain, thousands};
use crate::output::{add, csv, json, plot, print, say};
use crate::read::Reader;
use crate::read::counts::{Day, Given, Level, Scope};
use crate::read::span::Span;
use crate::session::Session;
use insights_shared::record::{Kind, Severity, Source, Stored};
use insights_shared::time::DAY_SECONDS;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a table of days that are not its bars.
const BESIDE_BARS: u16 = 61;
/// The longest bars.
const LONGEST_BAR: u16 = 40;
/// The most controls that are shown.
const WORST_CONTROLS: usize = 10;

/// A scope with its days.
type Scoped = (Scope, Vec<Day>);

/// Shows the counts.
pub async fn run(arguments: &ComplianceArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc);
    let span = arguments.within.span(session.clock.now())?;
    let opened = Opened::open(&arguments.location, &session).await?;
    let answer = answer(arguments, span, &opened.reader, &session).await;
    opened.close().await;
    print(&answer?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &ComplianceArguments,
    span: Span,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let all = reader.scopes().await?;
    let chosen = choose(all, arguments.scope.as_deref())?;
    if chosen.is_empty() {
        let asked = empty::Asked { source: Some(Source::Auditmanager), ..empty::Asked::default() };
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
        Output::Csv => rows(&scoped),
        Output::Table => {
            let mut text = page(&scoped, session);
            if arguments.scope.is_some() {
                text.push_str(&controls(&scoped, reader, session).await?);
            }
            text
        }
    };
    Ok(text)
}

/// The scopes that are asked for: the accounts and assessments, or one of them with its domains.
fn choose(all: Vec<Scope>, wanted: Option<&str>) -> Result<Vec<Scope>, Failure> {
    let Some(wanted) = wanted else {
        return Ok(all.into_iter().filter(|scope| scope.level != Level::Domain).collect());
    };
    let tops = || all.iter().filter(|scope| scope.level != Level::Domain);
    let mut entities: BTreeSet<&str> = tops()
        .filter(|scope| scope.entity == wanted || scope.title == wanted)
        .map(|scope| scope.entity.as_str())
        .collect();
    if entities.is_empty() {
        // How an id or a name begins, where that is unique.
        let lower = wanted.to_lowercase();
        let begins = |text: &str| !lower.is_empty() && text.to_lowercase().starts_with(&lower);
        entities = tops()
            .filter(|scope| {
                scope.level == Level::Assessment && (begins(&scope.entity) || begins(&scope.title))
            })
            .map(|scope| scope.entity.as_str())
            .collect();
    }
    let mut found = entities.iter();
    match (found.next(), found.next()) {
        (Some(entity), None) => {
            let entity = (*entity).to_owned();
            Ok(all.into_iter().filter(|scope| scope.entity == entity).collect())
        }
        (None, _) if all.is_empty() => Ok(Vec::new()),
        (None, _) => {
            let names = tops().flat_map(|scope| [scope.entity.as_str(), scope.title.as_str()]);
            let hint = match nearest(wanted, names) {
                Some(meant) => format!("did you mean {}?", plain(meant)),
                None => format!("there are{}", named(tops())),
            };
            Err(Failure::usage(format!("--scope {wanted} is not known: {hint}")))
        }
        _ => {
            let which = named(tops().filter(|scope| entities.contains(scope.entity.as_str())));
            Err(Failure::usage(format!("--scope {wanted} may be any of these; give the id{which}")))
        }
    }
}

/// Scopes with their ids, a line each.
fn named<'a>(scopes: impl Iterator<Item = &'a Scope>) -> String {
    let mut text = String::new();
    for scope in scopes {
        add(&mut text, format_args!("\n  {}  {}", scope.entity, plain(&scope.title)));
    }
    text
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
        let id =
            if scope.level == Level::Assessment { format!(" ({})", scope.entity) } else { String::new() };
        text.push_str(&heading(&format!("{}{id}{}", plain(&scope.title), place(scope)), session));
        text.push_str(&table(days, session));
        text.push('\n');
    }
    if !domains.is_empty() {
        text.push_str(&newest("CONTROL DOMAIN", &domains, session));
        text.push('\n');
    }
    if !text.is_empty() {
        text.push_str("counts are of one UTC day each; █ not compliant, ░ compliant, · inconclusive\n");
    }
    text
}

/// Days as a table with a bar each, oldest first.
pub fn table(days: &[Day], session: &Session) -> String {
    let columns = [
        ("DAY", Column::Fixed),
        ("NON-COMPLIANT", Column::Number),
        ("COMPLIANT", Column::Number),
        ("SHARE", Column::Number),
        ("INCONCLUSIVE", Column::Number),
        ("", Column::Text),
    ];
    let mut table = Tabular::new(session, &columns);
    let greatest = days.iter().map(whole).max().unwrap_or_default();
    // A part that is not zero has a character at least, which may make a bar longer by two.
    let longest = session.width.saturating_sub(BESIDE_BARS + 2).clamp(6, LONGEST_BAR);
    for (first, last) in alike(days) {
        let row = match &last.given {
            Given::Counts(counts) => {
                let part = |name| words::counted(counts, name).unwrap_or_default();
                let parts =
                    [(part("noncompliant"), '█'), (part("compliant"), '░'), (part("inconclusive"), '·')];
                let bar = plot::bar(&parts, greatest, usize::from(longest));
                let mut row = vec![cell(last.day.as_str())];
                row.extend(numbers(counts).map(cell));
                row.push(cell(bar));
                row
            }
            Given::Nothing => without(first, last, "no data yet"),
            Given::NotCollected => without(first, last, "not collected"),
        };
        table.row(row);
    }
    table.render()
}

fn whole(day: &Day) -> i64 {
    let Given::Counts(counts) = &day.given else { return 0 };
    let parts = ["noncompliant", "compliant", "inconclusive"];
    parts.iter().filter_map(|name| words::counted(counts, name)).fold(0, i64::saturating_add)
}

/// Days without counts, those that are alike and follow each other as one.
fn alike(days: &[Day]) -> Vec<(&Day, &Day)> {
    let mut groups: Vec<(&Day, &Day)> = Vec::new();
    for day in days {
        match groups.last_mut() {
            Some((_, last)) if last.given == day.given && !matches!(day.given, Given::Counts(_)) => {
                *last = day;
            }
            _ => groups.push((day, day)),
        }
    }
    groups
}

fn without(first: &Day, last: &Day, why: &str) -> Vec<comfy_table::Cell> {
    let days =
        if first.day == last.day { first.day.clone() } else { format!("{}\n… {}", first.day, last.day) };
    [days.as_str(), "–", "–", "–", "–", why].map(cell).into()
}

/// The counts as they are shown: not compliant, compliant, the share, inconclusive.
fn numbers(counts: &Stored) -> [String; 4] {
    let shown = |name| words::counted(counts, name).map_or_else(|| "–".to_owned(), thousands);
    let [noncompliant, compliant] =
        ["noncompliant", "compliant"].map(|name| words::measure(counts, name).unwrap_or_default());
    [
        shown("noncompliant"),
        shown("compliant"),
        percent(noncompliant, noncompliant + compliant),
        shown("inconclusive"),
    ]
}

/// The newest counts of each scope, worst first. A scope is only listed by AWS on days on which it gathered evidence.
fn newest(name: &str, scoped: &[&Scoped], session: &Session) -> String {
    let newest = scoped.iter().filter_map(|(_, days)| {
        days.iter()
            .rev()
            .find_map(|day| if let Given::Counts(counts) = &day.given { Some(counts) } else { None })
    });
    worst_table(name, &mut newest.collect::<Vec<_>>(), session)
}

fn worst_table(name: &str, snapshots: &mut [&Stored], session: &Session) -> String {
    let columns = [
        ("SEVERITY", Column::Fixed),
        (name, Column::Text),
        ("NON-COMPLIANT", Column::Number),
        ("COMPLIANT", Column::Number),
        ("SHARE", Column::Number),
        ("INCONCLUSIVE", Column::Number),
    ];
    let newest =
        snapshots.iter().filter_map(|snapshot| snapshot.text("sk")).max().unwrap_or_default().to_owned();
    snapshots.sort_by_key(|snapshot| badness(snapshot));
    let mut table = Tabular::new(session, &columns);
    for snapshot in snapshots {
        let text = |name: &str| snapshot.text(name).map(plain).unwrap_or_default();
        let day =
            snapshot.text("sk").filter(|day| *day != newest).map_or(String::new(), |day| format!(" ({day})"));
        let mut row = vec![severity(&text("severity"), None), cell(text("title") + &day)];
        row.extend(numbers(snapshot).map(cell));
        table.row(row);
    }
    table.render()
}

/// What puts counts in order, the worst first: severity, then how much is not compliant.
fn badness(snapshot: &Stored) -> (Reverse<Option<Severity>>, Reverse<i64>, String) {
    let severity = snapshot.text("severity").and_then(Severity::parse);
    let noncompliant = words::counted(snapshot, "noncompliant").unwrap_or_default();
    (Reverse(severity), Reverse(noncompliant), snapshot.text("title").unwrap_or_default().to_owned())
}

/// The worst controls of the scope's newest day.
async fn controls(scoped: &[Scoped], reader: &Reader, session: &Session) -> Result<String, Failure> {
    let Some((scope, days)) = scoped.iter().find(|(scope, _)| scope.level != Level::Domain) else {
        return Ok(String::new());
    };
    let newest = days.iter().rev().find(|day| matches!(day.given, Given::Counts(_)));
    let Some(day) = newest.and_then(|day| format!("{}T00:00:00Z", day.day).parse().ok()) else {
        return Ok(String::new());
    };
    let span = Span { since: day, until: day.plus_seconds(DAY_SECONDS - 1) };
    let mut found = reader.about(&scope.entity, span).await?;
    let is_control = |record: &Stored| record.text("kind") == Some(Kind::AuditmanagerControl.as_str());
    found.retain(|record| {
        is_control(record) && words::counted(record, "noncompliant").unwrap_or_default() > 0
    });
    let number = found.len();
    let by_key: BTreeMap<&str, &Stored> =
        found.iter().filter_map(|record| Some((record.text("pk")?, record))).collect();
    let mut controls: Vec<&Stored> = by_key.into_values().collect();
    controls.sort_by_key(|control| badness(control));
    controls.truncate(WORST_CONTROLS);
    if controls.is_empty() {
        return Ok(String::new());
    }
    let title = format!(
        "Controls that are not compliant: {number} on {}, the worst {}",
        day.day(),
        controls.len().min(WORST_CONTROLS)
    );
    Ok(format!("\n{}{}", heading(&title, session), worst_table("CONTROL", &mut controls, session)))
}

/// A row for each scope and day, also for days without counts.
fn rows(scoped: &[Scoped]) -> String {
    let header = [
        "account_id",
        "region",
        "level",
        "entity",
        "title",
        "day",
        "given",
        "severity",
        "compliant",
        "noncompliant",
        "inconclusive",
    ];
    let mut text = csv::row(header);
    for (scope, days) in scoped {
        let level = match scope.level {
            Level::Account => "account",
            Level::Assessment => "assessment",
            Level::Domain => "domain",
        };
        for day in days {
            let (given, counts) = match &day.given {
                Given::Counts(counts) => ("counts", Some(counts)),
                Given::Nothing => ("no_data_yet", None),
                Given::NotCollected => ("not_collected", None),
            };
            let count = |name| counts.map(|counts| csv::counted(counts, name)).unwrap_or_default();
            text.push_str(&csv::row([
                scope.place.account_id.as_str(),
                &scope.place.region,
                level,
                &scope.entity,
                &scope.title,
                &day.day,
                given,
                counts.and_then(|counts| counts.text("severity")).unwrap_or_default(),
                &count("compliant"),
                &count("noncompliant"),
                &count("inconclusive"),
            ]));
        }
    }
    text
}
