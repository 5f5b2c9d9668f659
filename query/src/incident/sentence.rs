//! An incident in one sentence: what began first, and what the insights have in common. It never names a cause.

use super::{CorrelationReason, Incident, Member};
use crate::format::{add, plain};
use insights_shared::record::Stored;
use insights_sources::view;
use std::collections::BTreeSet;

/// The maximum number of later insights that are named.
const NAMED: usize = 2;

impl Incident {
    /// What happened, in one sentence: `GetSecretValue on secretsmanager.amazonaws.com (AccessDeniedException error rate)
    /// began 4 minutes before faults in payments; they share secretsmanager.`
    pub fn sentence(&self) -> String {
        let Some((lead, others)) = self.members.split_first() else { return String::new() };
        let first = subject(&lead.occurrence.insight);
        if others.is_empty() {
            return format!("{first}.");
        }
        let named: Vec<String> = others.iter().take(NAMED).map(followed).collect();
        let mut sentence = format!("{first} began {}", named.join(" and "));
        if let Some(more) = others.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let last = others.last().map(|member| in_words(member.after)).unwrap_or_default();
            add(&mut sentence, format_args!("; {more} more followed within {last}"));
        }
        for common in in_common(others) {
            add(&mut sentence, format_args!("; {common}"));
        }
        sentence.push('.');
        sentence
    }
}

fn followed(member: &Member) -> String {
    let subject = subject(&member.occurrence.insight);
    if member.after < 60_000 {
        format!("together with {subject}")
    } else {
        format!("{} before {subject}", in_words(member.after))
    }
}

/// The common properties of the members: the services, then each caller.
fn in_common(others: &[Member]) -> Vec<String> {
    let reasons = || others.iter().filter_map(|member| member.reason.as_ref());
    let mut services: Vec<String> = Vec::new();
    let mut callers: Vec<String> = Vec::new();
    for reason in reasons() {
        match reason {
            CorrelationReason::Proximity => {}
            CorrelationReason::Service(name) => services.push(plain(name)),
            CorrelationReason::Caller(arn) => callers.push(format!("the caller is the same, {}", plain(arn))),
        }
    }
    let mut seen = BTreeSet::new();
    services.retain(|name| seen.insert(name.clone()));
    callers.retain(|caller| seen.insert(caller.clone()));
    let services = match services.split_last() {
        None => None,
        Some((only, [])) => Some(format!("they share {only}")),
        Some((last, rest)) => Some(format!("in common are {} and {last}", rest.join(", "))),
    };
    services.into_iter().chain(callers).collect()
}

/// The subject of an insight, without numbers.
fn subject(insight: &Stored) -> String {
    view::of_record(insight).map_or_else(String::new, |view| plain(&(view.subject)(insight).to_string()))
}

/// A duration in words: `4 minutes`, `1 hour 12 minutes`.
pub fn in_words(millis: i64) -> String {
    let minutes = millis.max(0) / 60_000;
    let unit = |number: i64, name: &str| format!("{number} {name}{}", if number == 1 { "" } else { "s" });
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => unit(minutes, "minute"),
        (0, hours, 0) => unit(hours, "hour"),
        (0, hours, minutes) => format!("{} {}", unit(hours, "hour"), unit(minutes, "minute")),
        (days, 0, _) => unit(days, "day"),
        (days, hours, _) => format!("{} {}", unit(days, "day"), unit(hours, "hour")),
    }
}
