//! A filter in words, and the addresses of the live page that differ from it.

use super::filter::{Filter, OF_PAGE, RESTRICTIONS};
use insights_query::Span;
use insights_query::format::{instant, plain};
use insights_shared::record::{Severity, Source};
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;

/// The parameters that select a page of a list.
const PAGES: [&str; 2] = ["open_page", "page"];

impl Filter {
    /// What it selects in the period `span`, in words: `CloudTrail, high or worse, last 7 days`.
    pub fn in_words(&self, span: Span, now: Timestamp, zone: &TimeZone) -> String {
        let chosen = &self.selection;
        let source = self.restriction("source").or_else(|| chosen.source_labels());
        let source = Some(source.unwrap_or_else(|| "All sources".to_owned()));
        let listed = |names: &[String]| (!names.is_empty()).then(|| plain(&names.join(" or ")));
        let accounts = listed(&chosen.account).map(|accounts| format!("account {accounts}"));
        let chosen = [accounts, listed(&chosen.region), listed(&chosen.entity)];
        let others = RESTRICTIONS.iter().filter(|name| **name != "source").map(|name| self.restriction(name));
        let parts = [source].into_iter().chain(chosen).chain(others).chain([Some(period(span, now, zone))]);
        parts.flatten().collect::<Vec<_>>().join(", ")
    }

    /// The value of a parameter as it stands in an address; empty if it is not set.
    pub fn value(&self, name: &str) -> String {
        let page = |page: usize| if page > 0 { (page + 1).to_string() } else { String::new() };
        match name {
            "source" => self.source.map_or("", Source::as_str).to_owned(),
            "severity" => self.severity.map_or("", Severity::as_str).to_owned(),
            "status" => self.status.unwrap_or_default().to_owned(),
            "account" => self.account.clone(),
            "region" => self.region.clone(),
            "entity" => self.entity.clone(),
            "q" => self.q.clone(),
            "since" => self.since.clone(),
            "until" => self.until.clone(),
            "group" if self.is_grouped => "entity".to_owned(),
            "open_page" => page(self.open_page),
            "page" => page(self.page),
            _ => String::new(),
        }
    }

    /// The address of the live page with this filter, with `changes` of parameters. Another selection begins at the first page.
    pub fn address(&self, changes: &[(&str, &str)]) -> String {
        let is_paging = changes.iter().all(|(name, _)| PAGES.contains(name));
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut is_empty = true;
        for name in OF_PAGE {
            let new_value =
                changes.iter().find(|(changed, _)| *changed == name).map(|(_, value)| (*value).to_owned());
            let kept = || if is_paging || !PAGES.contains(&name) { self.value(name) } else { String::new() };
            let value = new_value.unwrap_or_else(kept);
            if !value.is_empty() {
                query.append_pair(name, &value);
                is_empty = false;
            }
        }
        if is_empty { "/".to_owned() } else { format!("/?{}", query.finish()) }
    }

    /// The same filter with another value of one parameter, which is valid.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        match name {
            "source" => changed.source = insights_sources::source(value),
            "severity" => changed.severity = Severity::parse(value),
            "status" => changed.status = ["open", "closed"].into_iter().find(|known| *known == value),
            "account" => value.clone_into(&mut changed.account),
            "region" => value.clone_into(&mut changed.region),
            "entity" => value.clone_into(&mut changed.entity),
            "q" => value.clone_into(&mut changed.q),
            _ => {}
        }
        changed
    }

    /// A restriction in words, for example `high or worse`; `None` without one.
    pub fn restriction(&self, name: &str) -> Option<String> {
        let value = self.value(name);
        if value.is_empty() {
            return None;
        }
        Some(match name {
            "source" => self.source.map_or_else(String::new, |source| source.0.label.to_owned()),
            "severity" if self.severity == Some(Severity::Critical) => value,
            "severity" => format!("{value} or worse"),
            "status" if value == "closed" => "ended".to_owned(),
            "account" => format!("account {value}"),
            "q" => format!("“{}”", plain(&value)),
            _ => plain(&value),
        })
    }
}

/// A period in words: `last 7 days`, `since 2026-03-01 12:00`, `2026-03-01 12:00 to 2026-03-01 13:00`.
fn period(span: Span, now: Timestamp, zone: &TimeZone) -> String {
    let minutes = span.millis() / 60_000;
    let is_round = span.millis() % 60_000 == 0;
    let last = |number: i64, one: &str, many: &str| match number {
        1 => format!("last {one}"),
        number => format!("last {number} {many}"),
    };
    match minutes {
        _ if span.until < now => format!("{} to {}", instant(span.since, zone), instant(span.until, zone)),
        minutes if is_round && minutes >= 2_880 && minutes % 1_440 == 0 => {
            last(minutes / 1_440, "day", "days")
        }
        minutes if is_round && minutes % 60 == 0 => last(minutes / 60, "hour", "hours"),
        minutes if is_round && minutes < 120 => last(minutes, "minute", "minutes"),
        _ => format!("since {}", instant(span.since, zone)),
    }
}
