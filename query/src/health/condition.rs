//! Classifies a target by its `state` and suggests an action. No I/O.

use super::staleness::is_stale;
use crate::format::{add, length};
use insights_shared::issue::{Class, RECORD_INVALID, class_of, class_of_issue};
use insights_shared::record::{Source, Stored};
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use insights_sources::view::Tone;

/// The condition of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The last run was recent and complete. What is not in the table does not exist.
    Fresh,
    /// The last run was recent, but incomplete.
    Partial,
    /// The source is not in use there.
    NotEnabled,
    /// The last run is too old.
    Stale,
    /// No scheduled run has ended there.
    NeverRun,
    /// Nothing could be fetched because a permission is missing.
    Denied,
    /// Nothing could be fetched because the service throttled the calls.
    Throttled,
    /// Nothing could be fetched for another reason.
    Failed,
}

/// A condition with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The condition.
    pub condition: Condition,
    /// The issues of the last run by code, such as `2×ThrottledException`.
    pub issues: String,
    /// What to do, if anything.
    pub action: Option<String>,
    /// What the next scheduled run does, if no action is needed.
    pub next_run: Option<&'static str>,
    /// An issue of the last run: its operation and message.
    pub last_issue: Option<String>,
    /// Whether a collection from this machine resolves it.
    pub needs_collect: bool,
    /// Data that no run can fetch (lasting issues), by code.
    pub lasting: Option<String>,
}

impl Condition {
    /// The condition in CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Partial => "partial",
            Self::NotEnabled => "not_enabled",
            Self::Stale => "stale",
            Self::NeverRun => "never_run",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }

    /// The text for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NotEnabled => "not enabled",
            Self::NeverRun => "never run",
            other => other.as_str(),
        }
    }

    /// Whether no action is needed.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Fresh | Self::NotEnabled)
    }

    /// How reliable the data of a target in this condition is.
    pub fn tone(self) -> Tone {
        match self {
            Self::Fresh => Tone::Good,
            Self::NotEnabled | Self::NeverRun => Tone::Off,
            Self::Partial => Tone::Unsure,
            Self::Stale | Self::Denied | Self::Throttled | Self::Failed => Tone::Bad,
        }
    }

    /// Whether something was fetched at least once.
    pub fn was_collected(self) -> bool {
        matches!(self, Self::Fresh | Self::Partial | Self::Stale)
    }

    /// Whether the record of the last run can explain the condition.
    pub fn wants_its_run(self) -> bool {
        !self.is_well() && self != Self::Stale
    }
}

/// A code for throttling that only DynamoDB returns.
const TABLE_THROTTLED: &str = "ProvisionedThroughputExceededException";

/// Whether `run` is the run that wrote `state`.
pub fn is_run_of(run: &Stored, state: Option<&Stored>) -> bool {
    let last_run_at = state.and_then(|state| state.timestamp("last_run_at"));
    last_run_at.is_some() && run.timestamp("ended_at") == last_run_at
}

/// Classifies a target of `source` by its state, and by the issues of the run that wrote the state, if they were read. The
/// state contains only codes, but some denials and throttles can be recognized only by the HTTP status in an issue.
pub fn classify(
    state: Option<&Stored>,
    run: Option<&Stored>,
    source: Source,
    now: Timestamp,
    oldest: Option<i64>,
) -> Classification {
    let last_run = state.and_then(|state| Some((state, state.timestamp("last_run_at")?)));
    let Some((state, last_run_at)) = last_run else {
        let action = format!(
            "{} has not ended a scheduled run there: deploy it, add the target to its TARGETS, or collect from here",
            source.package
        );
        let classification = Classification::new(Condition::NeverRun, String::new());
        return Classification { action: Some(action), needs_collect: true, ..classification };
    };
    let lasting = counts_of(state, "lasting_counts");
    let lasting = (!lasting.is_empty()).then(|| listed(&lasting));
    let counts = issue_counts(state);
    let issues = listed(&counts);
    if is_stale(state, last_run_at, source, now, oldest) {
        let action = format!(
            "no run for {}: is its schedule on? Its log and its dead-letter queue tell why",
            length(now.millis_since(last_run_at))
        );
        let classification = Classification::new(Condition::Stale, issues);
        return Classification { action: Some(action), lasting, ..classification };
    }
    let run = run.filter(|run| is_run_of(run, Some(state)));
    let by_status: Vec<(String, Class)> =
        run.map(issues_to_resolve).into_iter().flatten().map(class_in).collect();
    let is = |code: &str, class: Class| {
        class_of(code, None) == class
            || by_status.iter().any(|known| (known.0.as_str(), known.1) == (code, class))
    };
    let has = |class: Class| counts.iter().any(|(code, _)| is(code, class));
    let condition = match state.text("last_status") {
        Some("ok") => Condition::Fresh,
        Some("not_enabled") => Condition::NotEnabled,
        Some("partial") => Condition::Partial,
        _ if has(Class::Denied) => Condition::Denied,
        _ if has(Class::Throttled) => Condition::Throttled,
        _ => Condition::Failed,
    };
    let count = |name: &str| state.integer(name).unwrap_or_default();
    let (action, next_run) = match condition {
        Condition::Fresh | Condition::NotEnabled => {
            return Classification { lasting, ..Classification::new(condition, issues) };
        }
        _ if has(Class::Denied) => {
            let denied = counts.iter().filter(|(code, _)| is(code, Class::Denied));
            if denied.clone().all(|(code, _)| code.contains("Expired")) {
                (format!("the credentials had expired ({issues})"), Some("the next run has new ones"))
            } else if denied.clone().all(|(code, _)| is_about_permission(code)) {
                (format!("the role lacks a permission ({issues}): see IAM in the README"), None)
            } else {
                let remedy = "see error codes in docs/operations.md";
                (format!("the credentials or a permission were refused ({issues}): {remedy}"), None)
            }
        }
        _ if has(Class::Throttled) && counts.iter().any(|(code, _)| code == TABLE_THROTTLED) => (
            format!("the table's capacity is exceeded ({issues}): an on-demand table scales by itself"),
            Some("the next run goes on"),
        ),
        _ if has(Class::Throttled) => (
            format!("the account's request rate is exceeded ({issues}): lower RATE_LIMITS or run less often"),
            Some("the next run goes on"),
        ),
        Condition::Partial if count("not_reached") > 0 => {
            let left = count("not_reached");
            (format!("time ran out with {left} left"), Some("nothing to do, the next runs go on from there"))
        }
        _ => {
            let what = if issues.is_empty() { "something failed".to_owned() } else { issues.clone() };
            (what, Some("the next run tries again"))
        }
    };
    Classification { action: Some(action), next_run, lasting, ..Classification::new(condition, issues) }
}

/// Whether a code is about a policy, not about the credentials themselves.
pub fn is_about_permission(code: &str) -> bool {
    ["AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"].contains(&code)
}

/// The prefix of the request id of a run that a person started (`insights collect`).
pub const STARTED_BY_HAND: &str = "collect-";

/// Whether a person started `run`, so that no schedule starts the next one.
pub fn is_started_by_hand(run: &Stored) -> bool {
    let id = run.text("collected_by").and_then(|by| by.rsplit('#').next());
    id.is_some_and(|id| id.starts_with(STARTED_BY_HAND))
}

/// Issues by code, most frequent first, without rejected records (not a failure) and lasting issues (no later run resolves
/// them).
fn issue_counts(state: &Stored) -> Vec<(String, i64)> {
    let lasting = counts_of(state, "lasting_counts");
    let lasts =
        |code: &str| lasting.iter().find(|(lasting, _)| lasting == code).map_or(0, |(_, count)| *count);
    let mut counts = counts_of(state, "issue_counts");
    for (code, count) in &mut counts {
        *count -= lasts(code);
    }
    counts.retain(|(code, count)| *count > 0 && code != RECORD_INVALID);
    counts.sort_by_key(|(code, count)| (-count, code.clone()));
    counts
}

/// An attribute of `state` with numbers by code.
fn counts_of(state: &Stored, name: &str) -> Vec<(String, i64)> {
    let counts = state.0.get(name).and_then(Value::as_map).into_iter().flatten();
    counts.filter_map(|(code, count)| Some((code.to_string(), count.as_number()?.as_i64()?))).collect()
}

/// The listed issues of a run that a person or a later run must resolve: without rejected records and lasting issues.
fn issues_to_resolve(run: &Stored) -> impl Iterator<Item = &Value> {
    let issues = run.0.get("issues").and_then(Value::as_list).unwrap_or_default();
    issues.iter().filter(|issue| {
        text(issue, "code") != RECORD_INVALID && issue.at(&["lasting"]) != Some(&Value::Bool(true))
    })
}

fn text<'a>(issue: &'a Value, name: &str) -> &'a str {
    issue.at(&[name]).and_then(Value::as_str).unwrap_or_default()
}

fn class_in(issue: &Value) -> (String, Class) {
    let code = text(issue, "code");
    (code.to_owned(), class_of_issue(code, text(issue, "message")))
}

fn listed(counts: &[(String, i64)]) -> String {
    let listed: Vec<String> = counts.iter().map(|(code, count)| format!("{count}×{code}")).collect();
    listed.join(", ")
}

impl Classification {
    fn new(condition: Condition, issues: String) -> Self {
        Self {
            condition,
            issues,
            action: None,
            next_run: None,
            last_issue: None,
            needs_collect: false,
            lasting: None,
        }
    }

    /// Adds details of the last run: the failed operation and its message. Also whether a person started it, so that no
    /// schedule repeats it, or whether there were only unscheduled runs.
    pub fn add_run(&mut self, run: Option<&Stored>) {
        let Some(run) = run else { return };
        if self.condition == Condition::NeverRun {
            let trigger = run.text("trigger").unwrap_or_default();
            if trigger != "scheduled" {
                let action = self.action.take().unwrap_or_default();
                self.action = Some(format!(
                    "only a {trigger} has run there so far: no scheduled run has ended. {action}"
                ));
            }
            return;
        }
        if is_started_by_hand(run) && self.action.is_some() {
            self.next_run = None;
            self.needs_collect = true;
        }
        let worst = issues_to_resolve(run).next();
        if let Some(issue) = worst.filter(|_| self.action.is_some()) {
            self.last_issue = Some(format!("{}: {}", text(issue, "operation"), text(issue, "message")));
        }
    }

    /// What to do, on one line.
    pub fn advice(&self) -> Option<String> {
        let mut advice = self.action.clone()?;
        if let Some(next_run) = self.next_run {
            add(&mut advice, format_args!(": {next_run}"));
        }
        if let Some(last_issue) = &self.last_issue {
            add(&mut advice, format_args!(". {last_issue}"));
        }
        Some(advice)
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
