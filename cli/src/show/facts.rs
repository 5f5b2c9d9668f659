//! The head of an insight: title, severity, times, place and console link.

use crate::output::rows::{acknowledged, how_long};
use crate::session::Session;
use insights_query::format::{self, add, instant, plain, service, times, wrapped};
use insights_query::periods::began;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_sources::view;
use insights_web::command::CommandLine;

/// Renders the head. `oldest` is the earliest time in the output; it determines how times are written.
pub fn section(pk: &str, insight: &Stored, oldest: Timestamp, session: &Session, now: Timestamp) -> String {
    let text = |name: &str| insight.text(name).map(plain).unwrap_or_default();
    let mut lines = wrapped(&text("title"), session.width);
    lines.push('\n');
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            add(&mut lines, format_args!("{name:<10}  {value}\n"));
        }
    };
    fact("severity", severity(insight));
    let start = began(insight).map(|began| instant(began, &session.zone)).unwrap_or_default();
    fact("began", format!("{start}, {}", how_long(insight, now)));
    fact("ended", ended(insight, session));
    fact("where", format!("{}, {}", service(&text("source")), text("entity")));
    fact("account", format!("{} in {}", text("account_id"), text("region")));
    let updated =
        insight.timestamp("updated_at").map(|time| instant(time, &session.zone)).unwrap_or_default();
    let stored =
        insight.timestamp("observed_at").map(|time| instant(time, &session.zone)).unwrap_or_default();
    fact("version", format!("of {updated}, stored {stored}; {}", times(&session.zone, oldest, now)));
    fact("key", plain(pk));
    fact(
        "known",
        acknowledged(insight).map(|text| text.trim_start_matches("known ").to_owned()).unwrap_or_default(),
    );
    fact("aws", shell_words(&view::follow_up(insight), session.width));
    if let Some(link) = view::link(insight) {
        fact("console", format!("{}:\n            {}", link.shows, link.url));
    }
    lines
}

/// A command of another program, quoted for a shell, in lines that end with a backslash if it is long. Empty if a value of it cannot be
/// shown.
fn shell_words(words: &[String], width: u16) -> String {
    let room = usize::from(width).saturating_sub(16);
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let Some(quoted) = CommandLine::typed(word) else { return String::new() };
        match lines.last_mut() {
            Some(line) if line.chars().count() + quoted.chars().count() < room => {
                line.push(' ');
                line.push_str(&quoted);
            }
            _ => lines.push(quoted),
        }
    }
    lines.join(" \\\n              ")
}

fn severity(insight: &Stored) -> String {
    let severity = insight.text("severity").map(plain).unwrap_or_default();
    match format::judgement(insight) {
        Some(measures) => format!("{severity}: {measures}"),
        None => severity,
    }
}

fn ended(insight: &Stored, session: &Session) -> String {
    let ended = insight.timestamp("ended_at").map(|ended| instant(ended, &session.zone)).unwrap_or_default();
    match insight.text("status_reason") {
        Some("no_longer_known") => format!("{ended}, estimated: AWS no longer lists it"),
        Some("no_end_seen") => format!("{ended}, estimated: AWS reported no end within 90 days"),
        _ => ended,
    }
}
