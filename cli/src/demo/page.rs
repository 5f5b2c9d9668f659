//! The page of the demo: open insights, recent insights, compliance, metrics and costs. It reads nothing and sorts nothing.

use super::costs;
use super::findings::{Findings, Metrics, RECENT_DAYS};
use super::folder::Folder;
use super::invoke::{ACCOUNT, Invoked, REGION};
use crate::output::tabular::{Column, Tabular, heading};
use crate::output::{rows, sections};
use crate::session::Session;
use insights_query::counts::ScopeDays;
use insights_query::format::{self, length, period, plain, so_many};
use insights_query::health::{Condition, Health};
use insights_query::{Detail, compliance};
use insights_shared::record::Source;
use insights_shared::time::Timestamp;
use insights_sources::view::Section;

/// The maximum number of control domains.
const WORST_DOMAINS: usize = 5;

/// The complete text.
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

/// Whether the runs were good enough to trust an empty result.
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
        return heading(&format!("Open insights: unknown ({reason})"), session);
    }
    if findings.open.is_empty() {
        return heading("Open insights: none", session);
    }
    let number = format::count(findings.open.len() as u64);
    let mut table = insights_table("SINCE", session);
    for insight in &findings.open {
        let started = insight.timestamp("started_at");
        let since = started.map_or_else(String::new, |started| format::instant(started, &session.zone));
        let age = started.map_or_else(String::new, |started| {
            format!("for {}", length(findings.now.millis_since(started)))
        });
        table.row(rows::insight(insight, &since, &age));
    }
    heading(&format!("Open insights: {number}, the worst first"), session) + &table.render()
}

fn ended(findings: &Findings, health: &Health, session: &Session) -> String {
    if let Some(reason) = health.unknown().filter(|_| findings.ended.is_empty()) {
        return heading(&format!("Recent insights: unknown ({reason})"), session);
    }
    if findings.ended.is_empty() {
        return heading(&format!("Recent insights: none ended in the last {RECENT_DAYS} days"), session);
    }
    let number = format::count(findings.ended.len() as u64);
    let mut table = insights_table("ENDED", session);
    for insight in &findings.ended {
        let ended = insight.timestamp("ended_at");
        let at = ended.map_or_else(String::new, |ended| format::instant(ended, &session.zone));
        let span =
            insight.timestamp("started_at").zip(ended).map(|(started, ended)| ended.millis_since(started));
        let lasted = span.map_or_else(String::new, |span| format!("after {}", length(span)));
        table.row(rows::insight(insight, &at, &lasted));
    }
    let title = format!("Recent insights: {number} ended in the last {RECENT_DAYS} days, the newest first");
    heading(&title, session) + &table.render()
}

fn insights_table(when: &str, session: &Session) -> Tabular {
    let columns =
        [("SEVERITY", Column::Fixed), (when, Column::Fixed), ("WHERE", Column::Text), ("WHAT", Column::Text)];
    Tabular::new(session, &columns)
}

fn compliance(findings: &Findings, invoked: &[Invoked], session: &Session) -> String {
    let is_about_it = |source: &Source| source.kinds.iter().any(|kind| kind.compliance.is_some());
    let sources: Vec<Source> = insights_sources::all().filter(is_about_it).collect();
    let conditions: Vec<(Source, Condition)> =
        invoked.iter().map(|invoked| (invoked.source, condition(invoked))).collect();
    let health = Health::of(&sources, &conditions);
    let (domains, tops): (Vec<&ScopeDays>, Vec<&ScopeDays>) =
        findings.compliance.iter().partition(|scope| scope.scope.is_part());
    let Some(newest) = tops.iter().filter_map(|scope| Some(scope.newest()?.0)).max() else {
        let text = match health.unknown() {
            Some(reason) => format!("Compliance: unknown ({reason})"),
            None => "Compliance: no counts yet".to_owned(),
        };
        return heading(&text, session);
    };
    let of_account: Vec<&ScopeDays> = domains
        .into_iter()
        .filter(|domain| {
            tops.iter().any(|top| top.scope.is_whole_account() && top.scope.entity == domain.scope.entity)
        })
        .collect();
    let title = format!("Compliance: evidence of {newest} (UTC)");
    let shown = [compliance::newest(&title, &tops), compliance::newest_parts(&of_account, WORST_DOMAINS)];
    let shown: Vec<Section> = shown.into_iter().flatten().collect();
    sections::render(&shown, &Detail::default(), session).join("\n")
}

fn metrics(findings: &Findings, session: &Session) -> String {
    let chunks = findings.metrics.values().map(|metrics| metrics.chunks).sum();
    let number = so_many(findings.series, "series", "series");
    let mut text = format!("Metrics: {number} in {}", so_many(chunks, "chunk", "chunks"));
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
        ("report.html", "these findings with charts"),
        ("table.db", "the table: DynamoDB in one file"),
        ("logs", "logs of the functions and all calls"),
    ];
    let next = [
        ("insights demo", "run again; only `run` and `state` are written"),
        ("insights serve", "show the report as a live page; use --local with the path of table.db"),
        ("insights simulate", "simulate the services and the table for sam local or any AWS client"),
        ("README.md", "installation on AWS"),
    ];
    let lines = |rows: &[(&str, &str)]| -> String {
        rows.iter().fold(String::new(), |text, (name, what)| text + &format!("  {name:<17}  {what}\n"))
    };
    let path = plain(&folder.path().display().to_string());
    format!("In {path}\n\n{}\nNext\n\n{}", lines(&files), lines(&next))
}
