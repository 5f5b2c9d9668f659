//! The time of a lane about which nothing is known, because its targets were not collected since.

use super::chart::clock;
use super::insight::Context;
use super::model::Model;
use insights_query::format::{count, instant};
use insights_query::health::{Condition, Target};
use insights_shared::record::Source;
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

/// The unknown time of a source: from an instant to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Since when; `None` if nothing has ever been collected.
    since: Option<Timestamp>,
    /// Whether other targets of the source are known.
    is_part: bool,
    /// The reason in words.
    pub text: String,
}

/// The unknown time of `source` in the targets that the filter selects, if any.
pub fn of(model: &Model, source: Source, zone: &TimeZone) -> Option<Unknown> {
    let targets = model.targets.iter().filter(|target| target.source == source);
    let targets: Vec<&Target> = targets.filter(|target| model.filter.selects(&target.place)).collect();
    let in_use = |target: &&&Target| !is_unused(condition(target));
    let used: Vec<&Target> = targets.iter().filter(in_use).copied().collect();
    if used.is_empty() {
        let unused = if targets.iter().any(|target| condition(target) == Condition::NotEnabled) {
            Condition::NotEnabled
        } else {
            Condition::NeverRun
        };
        return Some(Unknown {
            since: None,
            is_part: false,
            text: format!("unknown: {}", unused.in_words()),
        });
    }
    let lost: Vec<&Target> = used.iter().filter(|target| !condition(target).is_well()).copied().collect();
    let worst = super::freshness::worst(lost.iter().copied())?;
    let last_success = |target: &&Target| target.state.as_ref()?.timestamp("last_success_at");
    let is_part = lost.len() < used.len();
    // If all are lost, the lane is known up to the last success of any.
    let successes = lost.iter().map(last_success);
    let since = if is_part { successes.min().flatten() } else { successes.max().flatten() };
    let since = since.filter(|since| *since > model.span.since);
    let words = condition(worst).in_words();
    let text = match since {
        Some(since) => format!("unknown since {}: {words}", instant(since, zone)),
        None => format!("unknown: {words}"),
    };
    let of_all = format!(" in {} of {} targets", count(lost.len() as u64), count(used.len() as u64));
    let text = if used.len() > 1 { text + &of_all } else { text };
    // A period that ended before the last success is known.
    let is_after = since.is_some_and(|since| since >= model.span.until);
    (!is_after).then_some(Unknown { since, is_part, text })
}

fn condition(target: &Target) -> Condition {
    target.classification.condition
}

/// Whether the source is not in use there, so no data is missing.
fn is_unused(condition: Condition) -> bool {
    matches!(condition, Condition::NotEnabled | Condition::NeverRun)
}

impl Unknown {
    /// The span in the data of a lane.
    pub fn json(&self, model: &Model, context: Context<'_>) -> Json {
        let from = self.since.unwrap_or(model.span.since);
        let at = |instant| clock(instant, context.zone);
        json!({ "from": at(from), "until": at(model.span.until), "part": self.is_part, "label": self.text })
    }
}
