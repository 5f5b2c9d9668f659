//! The demo's page: what was found, for somebody who was woken up. It reads nothing and decides no order.

use super::costs;
use super::findings::{Findings, LATELY_DAYS, Metrics};
use super::folder::Folder;
use super::invoke::{ACCOUNT, Invoked, REGION};
use crate::output::rows;
use crate::output::tabular::{Column, Tabular, cell, heading, severity};
use crate::session::Session;
use insights_query::format::{self, length, period, plain, so_many, thousands};
use insights_query::health::{Condition, Health};
use insights_query::{counts, series};
use insights_shared::record::{Source, Stored};
use insights_shared::time::Timestamp;

/// All of it, as text.
pub fn page(findings: &Findings, invoked: &[Invoked], folder: &Folder, session: &Session) -> String {
    let as_of = format::instant(findings.now, &session.zone);
    let shown = findings.open.iter().chain(&findings.ended);
    let oldest =
        shown.filter_map(|insight| insight.timestamp("started_at")).fold(findings.now, Timestamp::min);
    let times = format::times(&session.zone, oldest, findings.now);
    let health = health(invoked);
    let sections = [
        format!("Account {ACCOUNT} in {REGION} as of {as_of}; {times}.\n"),
        open(findings, &health, session),
        ended(findings, &health, session),
        compliance(findings, invoked, session),
        metrics(findings, session),
        costs::costs(invoked, session),
        files(folder),
    ];
    sections.join("\n")
}

/// What the functions' runs say of the insights that are not there.
fn health(invoked: &[Invoked]) -> Health {
    let conditions: Vec<(Source, Condition)> =
        invoked.iter().map(|invoked| (invoked.source, condition(invoked))).collect();
    let sources = insights_sources::all().filter(|source| !source.is_counted_by_day());
    Health::of(&sources.collect::<Vec<_>>(), &conditions)
}

fn condition(invoked: &Invoked) -> Condition {
    match &invoked.result {
        Ok(report) if report.status == "ok" => Condition::Fresh,
        Ok(report) if report.status == "not_enabled" => Condition::NotEnabled,
        Ok(report) if report.status == "partial" => Condition::Partial,
        Err(failure) if failure.error_type == "Source.Denied" => Condition::Denied,
        Err(failure) if failure.error_type == "Source.Throttled" => Condition::Throttled,
        _ => Condition::Failed,
    }
}

fn open(findings: &Findings, health: &Health, session: &Session) -> String {
    if let Some(reason) = health.unknown().filter(|_| findings.open.is_empty()) {
        return heading(&format!("Open insights are unknown: {reason}."), session);
    }
    if findings.open.is_empty() {
        return heading("What is wrong now: nothing. No insight is open.", session);
    }
    let number = so_many(findings.open.len(), "open insight", "open insights");
    let mut table = insights_table("SINCE", session);
    for insight in &findings.open {
        let started = insight.timestamp("started_at");
        let since = started.map_or_else(String::new, |started| format::instant(started, &session.zone));
        let age = started.map_or_else(String::new, |started| {
            format!("for {}", length(findings.now.millis_since(started)))
        });
        table.row(rows::insight(insight, &since, &age));
    }
    heading(&format!("What is wrong now: {number}, worst first"), session) + &table.render()
}

fn ended(findings: &Findings, health: &Health, session: &Session) -> String {
    if let Some(reason) = health.unknown().filter(|_| findings.ended.is_empty()) {
        return heading(&format!("Recent insights are unknown: {reason}."), session);
    }
    if findings.ended.is_empty() {
        return heading(
            &format!("What happened lately: no insight ended in the last {LATELY_DAYS} days."),
            session,
        );
    }
    let number = so_many(findings.ended.len(), "insight", "insights");
    let mut table = insights_table("ENDED", session);
    for insight in &findings.ended {
        let ended = insight.timestamp("ended_at");
        let at = ended.map_or_else(String::new, |ended| format::instant(ended, &session.zone));
        let span =
            insight.timestamp("started_at").zip(ended).map(|(started, ended)| ended.millis_since(started));
        let lasted = span.map_or_else(String::new, |span| format!("after {}", length(span)));
        table.row(rows::insight(insight, &at, &lasted));
    }
    let title = format!("What happened lately: {number} ended in the last {LATELY_DAYS} days, newest first");
    heading(&title, session) + &table.render()
}

fn insights_table(when: &str, session: &Session) -> Tabular {
    let columns =
        [("SEVERITY", Column::Fixed), (when, Column::Fixed), ("WHERE", Column::Text), ("WHAT", Column::Text)];
    Tabular::new(session, &columns)
}

fn compliance(findings: &Findings, invoked: &[Invoked], session: &Session) -> String {
    let conditions: Vec<(Source, Condition)> =
        invoked.iter().map(|invoked| (invoked.source, condition(invoked))).collect();
    let health = Health::of(&[counts::SOURCE], &conditions);
    if let Some(reason) = health.unknown().filter(|_| findings.compliance.is_empty()) {
        return heading(&format!("Compliance is unknown: {reason}."), session);
    }
    if findings.compliance.is_empty() {
        return heading(
            &format!("How compliance stands: no counts yet. {} gives them once a day.", counts::SOURCE.label),
            session,
        );
    }
    let newest = findings.compliance.iter().filter_map(day).max().unwrap_or_default();
    let title =
        format!("How compliance stands: {}'s counts of evidence on {newest} (UTC)", counts::SOURCE.label);
    let mut text = heading(&title, session) + &counts_table("SCOPE", &findings.compliance, &newest, session);
    if !findings.domains.is_empty() {
        text.push('\n');
        text.push_str(&counts_table("WORST CONTROL DOMAINS", &findings.domains, &newest, session));
    }
    text
}

fn day(snapshot: &Stored) -> Option<String> {
    snapshot.timestamp("started_at").map(Timestamp::day)
}

/// Counts as rows; those of another day than `newest` say which.
fn counts_table(what: &str, snapshots: &[Stored], newest: &str, session: &Session) -> String {
    let columns = [
        ("SEVERITY", Column::Fixed),
        (what, Column::Text),
        ("NON-COMPLIANT", Column::Number),
        ("COMPLIANT", Column::Number),
        ("SHARE", Column::Number),
        ("INCONCLUSIVE", Column::Number),
    ];
    let mut table = Tabular::new(session, &columns);
    for snapshot in snapshots {
        let title = snapshot.text("title").map(plain).unwrap_or_default();
        let older =
            day(snapshot).filter(|day| day != newest).map_or(String::new(), |day| format!(" ({day})"));
        let measure = |name| format::measure(snapshot, name).unwrap_or_default();
        let counted = |name| cell(format::counted(snapshot, name).map_or_else(|| "–".to_owned(), thousands));
        let (noncompliant, compliant) = (measure("noncompliant"), measure("compliant"));
        table.row(vec![
            severity(snapshot.text("severity").unwrap_or_default(), None),
            cell(title + &older),
            counted("noncompliant"),
            counted("compliant"),
            cell(format::percent(noncompliant, noncompliant + compliant)),
            counted("inconclusive"),
        ]);
    }
    table.render()
}

fn metrics(findings: &Findings, session: &Session) -> String {
    let chunks = findings.metrics.values().map(|metrics| metrics.chunks).sum();
    let number = so_many(findings.series, "series", "series");
    let mut text =
        format!("{}'s metrics: {number} in {}", series::SOURCE.label, so_many(chunks, "chunk", "chunks"));
    let points = |(seconds, metrics): (&i64, &Metrics)| {
        format!("{} {} apart", so_many(metrics.points, "point", "points"), period(*seconds))
    };
    let points: Vec<String> = findings.metrics.iter().map(points).collect();
    if !points.is_empty() {
        text.push_str(": ");
        text.push_str(&points.join(", "));
    }
    text.push('.');
    format::wrapped(&text, session.width)
}

fn files(folder: &Folder) -> String {
    let files = [
        ("report.html", "this page with charts, for a browser"),
        ("table.db", "the table: DynamoDB in one file"),
        ("logs", "what the functions logged, and every call that was answered"),
    ];
    let next = [
        ("insights demo", "the same again: only `run` and `state` are written"),
        ("insights serve", "the report as a live page; give --local and the path of table.db"),
        ("insights simulate", "the simulated services and a table, for sam local or any AWS client"),
        ("README.md", "how to run this on AWS"),
    ];
    let lines = |rows: &[(&str, &str)]| -> String {
        rows.iter().fold(String::new(), |text, (name, what)| text + &format!("  {name:<17}  {what}\n"))
    };
    let path = plain(&folder.path().display().to_string());
    format!("In {path}\n\n{}\nNext\n\n{}", lines(&files), lines(&next))
}
