//! Output for keys that are not insights: snapshots as a table of days, the runs of a target, and other items as
//! stored.

use crate::output::sections;
use crate::output::tabular::{Column, Tabular, cell, heading, status};
use crate::session::Session;
use insights_query::Detail;
use insights_query::counts::{Day, Given};
use insights_query::format::{self, instant, json, plain, so_many, thousands};
use insights_shared::record::{Kind, Stored};
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use insights_sources::view::counts::Counts;
use insights_sources::view::{self, Section};

/// The maximum number of runs.
const MOST_RUNS: usize = 30;

/// Renders the output.
pub fn page(pk: &str, items: &[Stored], now: Timestamp, session: &Session) -> String {
    let kind = items.last().and_then(|item| item.text("kind")).unwrap_or_default();
    if let Some(kind) = insights_sources::kind(kind).filter(|kind| kind.is_snapshot()) {
        snapshots(pk, kind, items, session)
    } else if pk.starts_with("run#") {
        runs(pk, items, now, session)
    } else if pk.starts_with("rejected#") {
        rejected(pk, items, session)
    } else {
        json::records(items)
    }
}

/// The sections of the newest snapshot, then all days.
fn snapshots(pk: &str, kind: Kind, items: &[Stored], session: &Session) -> String {
    let Some(newest) = items.last() else { return String::new() };
    let title = newest.text("title").map(plain).unwrap_or_default();
    let given = |item: &Stored| Given::Counts(item.clone());
    let day = |item: &Stored| Some(Day { day: item.text("sk")?.to_owned(), given: given(item) });
    let days: Vec<Day> = items.iter().filter_map(day).collect();
    let title = format!("{title}: {} of counts", so_many(days.len(), "day", "days"));
    let detail = Detail { items: items.to_vec(), ..Detail::default() };
    let mut shown = detail.sections(newest);
    shown.push(Section::Counts(Counts { kind, title, id: None, place: None, days }));
    let link = view::link(newest).map_or(String::new(), |link| format!("console  {}\n", link.url));
    let text = sections::render(&shown, &detail, session).join("\n");
    format!("{text}\nkey      {}\n{link}", plain(pk))
}

/// The last runs of a target, newest first, and their issues.
fn runs(pk: &str, items: &[Stored], now: Timestamp, session: &Session) -> String {
    let columns = [
        ("BEGAN", Column::Fixed),
        ("TRIGGER", Column::Fixed),
        ("STATUS", Column::Fixed),
        ("FETCHED", Column::Number),
        ("WRITTEN", Column::Number),
        ("REJECTED", Column::Number),
        ("FAILED", Column::Number),
        ("ISSUES", Column::Number),
    ];
    let mut table = Tabular::new(session, &columns);
    let mut notes = String::new();
    let all: Vec<&Stored> = items.iter().filter(|item| item.text("kind") == Some("run")).collect();
    for run in all.iter().rev().take(MOST_RUNS) {
        let began =
            run.timestamp("started_at").map(|began| instant(began, &session.zone)).unwrap_or_default();
        for (code, number) in issues(run) {
            let said = said(run, code).map_or(String::new(), |said| format!(": {said}"));
            let note = format!("{began}  {number}×{}{said}", plain(code));
            notes.push_str(&format::wrapped(&note, session.width));
        }
        let count = |name: &str| cell(run.integer(name).map_or_else(|| "–".to_owned(), thousands));
        table.row(vec![
            cell(began),
            cell(run.text("trigger").map(plain).unwrap_or_default()),
            status(run.text("status").unwrap_or_default()),
            count("fetched"),
            count("written"),
            count("rejected"),
            count("failed"),
            cell(thousands(issues(run).iter().map(|(_, number)| number).sum())),
        ]);
    }
    let state = items.iter().find(|item| item.text("sk") == Some("state"));
    let until = state.and_then(|state| state.timestamp("watermark"));
    let watermark = until.map_or(String::new(), |time| {
        format!("\nwatermark: all data before {} is stored\n", instant(time, &session.zone))
    });
    let shown = all.len().min(MOST_RUNS);
    let title = format!("{} of {}, newest first", so_many(shown, "run", "runs"), plain(pk));
    let shown_runs = all.iter().rev().take(MOST_RUNS).filter_map(|run| run.timestamp("started_at"));
    let oldest = shown_runs.chain(until).fold(now, Timestamp::min);
    let times = format::times(&session.zone, oldest, now);
    if !notes.is_empty() {
        notes = format!("\n{}{notes}", heading("Issues", session));
    }
    heading(&title, session)
        + &table.render()
        + &notes
        + &watermark
        + &format!("\n{times}; runs are kept for 30 days\n")
}

/// The maximum number of rejected answers.
const MOST_REJECTED: usize = 30;
/// The maximum length of the raw answer that is shown, in characters.
const LONGEST_RAW: usize = 400;

/// Rejected answers, newest first: when each was received, the rules that it broke, and its beginning.
fn rejected(pk: &str, items: &[Stored], session: &Session) -> String {
    let mut newest: Vec<&Stored> = items.iter().collect();
    newest.sort_by_key(|item| std::cmp::Reverse(item.timestamp("observed_at")));
    let shown = newest.len().min(MOST_REJECTED);
    let title =
        format!("{} of {}, newest first", so_many(shown, "rejected answer", "rejected answers"), plain(pk));
    let mut text = heading(&title, session);
    for item in newest.into_iter().take(MOST_REJECTED) {
        let received = item.timestamp("observed_at").map(|at| instant(at, &session.zone)).unwrap_or_default();
        let size =
            item.integer("bytes").map_or_else(String::new, |bytes| format!(", {} bytes", thousands(bytes)));
        format::add(&mut text, format_args!("received {received}{size}\n"));
        let violations = item.0.get("violations").and_then(Value::as_list).unwrap_or_default();
        for violation in violations.iter().filter_map(Value::as_str) {
            text.push_str(&format::wrapped(&format!("  {}", plain(violation)), session.width));
        }
        let raw = item.text("raw").unwrap_or_default();
        let beginning: String = raw.chars().take(LONGEST_RAW).collect();
        let more = if beginning.len() < raw.len() { " …" } else { "" };
        text.push_str(&format::wrapped(&format!("answer: {}{more}", plain(&beginning)), session.width));
        text.push('\n');
    }
    let command = session.command(&["show"]).key(pk).option("--output", "json");
    text + &format!("A rejected answer breaks a rule of the table, so it is no record. Complete: {command}\n")
}

/// The issues by code with their numbers.
fn issues(run: &Stored) -> Vec<(&str, i64)> {
    let counts = run.0.get("issue_counts").and_then(Value::as_map).into_iter().flatten();
    counts.filter_map(|(code, count)| Some((code.as_str(), count.as_number()?.as_i64()?))).collect()
}

/// The text of the first issue with `code`.
fn said(run: &Stored, code: &str) -> Option<String> {
    let issues = run.0.get("issues")?.as_list()?;
    let text =
        |issue: &Value, name: &str| issue.at(&[name]).and_then(Value::as_str).map(plain).unwrap_or_default();
    let issue = issues.iter().find(|issue| text(issue, "code") == code)?;
    let about = format!("{} {}", text(issue, "operation"), text(issue, "subject"));
    Some(format!("{}: {}", about.trim(), text(issue, "message")))
}
