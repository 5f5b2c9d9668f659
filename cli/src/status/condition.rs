//! What a target's `state` means, and what to do about it. Pure.

use crate::collect::advice::is_about_permission;
use crate::output::add;
use crate::output::words::length;
use insights_shared::issue::{Class, RECORD_INVALID, class_of};
use insights_shared::record::{Source, Stored};
use insights_shared::time::Timestamp;
use insights_shared::value::Value;

/// So many schedules may be missed before a target is stale.
const MISSED: i64 = 4;

/// How a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It ran lately and well; what is not there does not exist.
    Fresh,
    /// It ran lately, and something is missing.
    Partial,
    /// The source is not in use there.
    NotEnabled,
    /// It has not run for too long.
    Stale,
    /// No scheduled run has ended there.
    NeverRun,
    /// Nothing could be fetched, for want of permission.
    Denied,
    /// Nothing could be fetched, because of too many calls.
    Throttled,
    /// Nothing could be fetched, for another reason.
    Failed,
}

/// A condition with what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// How the target is.
    pub condition: Condition,
    /// The issues of the last run by code, such as `2×ThrottledException`.
    pub issues: String,
    /// What to do, if anything.
    pub action: Option<String>,
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

    /// The condition for a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NotEnabled => "not enabled",
            Self::NeverRun => "never run",
            other => other.as_str(),
        }
    }

    /// Whether nobody need do anything.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Fresh | Self::NotEnabled)
    }

    /// Whether the last run's own record tells more.
    pub fn wants_its_run(self) -> bool {
        !self.is_well() && self != Self::Stale
    }
}

/// The code by which DynamoDB alone refuses what is too much.
const TABLE_THROTTLED: &str = "ProvisionedThroughputExceededException";

/// How old a last run may be by default: the template's schedule, several times over.
pub fn stale_after(source: Source) -> i64 {
    let minutes = match source {
        Source::Xray => 15,
        Source::Cloudtrail => 60,
        Source::Auditmanager => 360,
    };
    minutes * 60 * MISSED
}

/// Judges a target of `source` by its state.
pub fn judge(state: Option<&Stored>, source: Source, now: Timestamp, oldest: Option<i64>) -> Judged {
    let last_run = state.and_then(|state| Some((state, state.timestamp("last_run_at")?)));
    let Some((state, last_run_at)) = last_run else {
        let action = format!(
            "{} has not ended a scheduled run there: deploy it, add the target to its TARGETS, or run `insights collect --source {source}`",
            source.package()
        );
        return Judged { condition: Condition::NeverRun, issues: String::new(), action: Some(action) };
    };
    let counts = issue_counts(state);
    let issues: Vec<String> = counts.iter().map(|(code, count)| format!("{count}×{code}")).collect();
    let issues = issues.join(", ");
    let age = now.millis_since(last_run_at);
    if age > oldest.unwrap_or_else(|| stale_after(source)).saturating_mul(1_000) {
        let action = format!(
            "no run for {}: is its schedule on? Its log and its dead-letter queue tell why",
            length(age)
        );
        return Judged { condition: Condition::Stale, issues, action: Some(action) };
    }
    let has = |class: Class| counts.iter().any(|(code, _)| class_of(code, None) == class);
    let condition = match state.text("last_status") {
        Some("ok") => Condition::Fresh,
        Some("not_enabled") => Condition::NotEnabled,
        Some("partial") => Condition::Partial,
        _ if has(Class::Denied) => Condition::Denied,
        _ if has(Class::Throttled) => Condition::Throttled,
        _ => Condition::Failed,
    };
    let count = |name: &str| state.integer(name).unwrap_or_default();
    let action = match condition {
        Condition::Fresh | Condition::NotEnabled => None,
        _ if has(Class::Denied) => {
            let denied = counts.iter().filter(|(code, _)| class_of(code, None) == Class::Denied);
            Some(if denied.clone().all(|(code, _)| code.contains("Expired")) {
                format!(
                    "the credentials had expired ({issues}): the next run has new ones; on a laptop, sign in again"
                )
            } else if denied.clone().all(|(code, _)| is_about_permission(code)) {
                format!("the role lacks a permission ({issues}): see IAM in the README")
            } else {
                format!(
                    "the credentials or a permission were refused ({issues}): see error codes in docs/operations.md"
                )
            })
        }
        _ if has(Class::Throttled) && counts.iter().any(|(code, _)| code == TABLE_THROTTLED) => {
            Some(format!(
                "the table refused more ({issues}): on demand it takes more by itself as it is used; the next run goes on"
            ))
        }
        _ if has(Class::Throttled) => Some(format!(
            "others use the account's rate too ({issues}): lower RATE_LIMITS or run less often; the next run goes on"
        )),
        Condition::Partial if count("not_reached") > 0 => Some(format!(
            "time ran out with {} left: nothing to do, the next runs go on from there",
            count("not_reached")
        )),
        _ => Some(format!(
            "{}: the next run tries again",
            if issues.is_empty() { "something failed" } else { &issues }
        )),
    };
    Judged { condition, issues, action }
}

/// Issues by code, most first; rejected records are no failure.
fn issue_counts(state: &Stored) -> Vec<(String, i64)> {
    let counts = state.0.get("issue_counts").and_then(Value::as_map).into_iter().flatten();
    let mut counts: Vec<(String, i64)> = counts
        .filter(|(code, _)| *code != RECORD_INVALID)
        .filter_map(|(code, count)| Some((code.to_string(), count.as_number()?.as_i64()?)))
        .collect();
    counts.sort_by_key(|(code, count)| (-count, code.clone()));
    counts
}

impl Judged {
    /// Adds what the last run's own record says: which operation failed, and in what words; or that there were runs that
    /// were not scheduled.
    pub fn learn(&mut self, run: Option<&Stored>) {
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
        let issues = run.0.get("issues").and_then(Value::as_list).unwrap_or_default();
        let text = |issue: &Value, name: &str| {
            issue.at(&[name]).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let worst = issues.iter().find(|issue| text(issue, "code") != RECORD_INVALID);
        if let (Some(issue), Some(action)) = (worst, self.action.as_mut()) {
            let said = format!("{}: {}", text(issue, "operation"), text(issue, "message"));
            add(action, format_args!(". {said}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(last_run: &str, status: &str, further: &str) -> Stored {
        let json =
            format!(r#"{{"last_run_at":"2026-03-01T{last_run}:00.000Z","last_status":"{status}"{further}}}"#);
        let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn empty_and_broken_are_told_apart() {
        let denied = r#","issue_counts":{"AccessDeniedException":3,"Timeout":1}"#;
        let throttled = r#","issue_counts":{"ThrottledException":2}"#;
        let table = r#","issue_counts":{"ProvisionedThroughputExceededException":2}"#;
        for (state, expected, said) in [
            (None, Condition::NeverRun, Some("has not ended a scheduled run")),
            (Some(state("11:30", "ok", "")), Condition::Fresh, None),
            (Some(state("11:00", "ok", "")), Condition::Fresh, None),
            (Some(state("10:59", "ok", "")), Condition::Stale, Some("no run for 1h 1m")),
            (Some(state("10:59", "not_enabled", "")), Condition::Stale, Some("schedule")),
            (Some(state("11:30", "not_enabled", "")), Condition::NotEnabled, None),
            (
                Some(state("11:30", "failed", denied)),
                Condition::Denied,
                Some("3×AccessDeniedException, 1×Timeout"),
            ),
            (Some(state("11:30", "failed", throttled)), Condition::Throttled, Some("RATE_LIMITS")),
            (Some(state("11:30", "failed", table)), Condition::Throttled, Some("the table refused more")),
            (
                Some(state("11:30", "failed", r#","issue_counts":{"Timeout":1}"#)),
                Condition::Failed,
                Some("1×Timeout"),
            ),
            (Some(state("11:30", "partial", denied)), Condition::Partial, Some("permission")),
            (Some(state("11:30", "partial", r#","not_reached":7"#)), Condition::Partial, Some("7 left")),
            (Some(state("11:30", "partial", r#","failed":7"#)), Condition::Partial, Some("something failed")),
            (Some(state("11:30", "ok", r#","issue_counts":{"Record.Invalid":1}"#)), Condition::Fresh, None),
        ] {
            let judged = judge(state.as_ref(), Source::Xray, now(), None);
            assert_eq!(judged.condition, expected, "{state:?}");
            let action = judged.action.unwrap_or_default();
            assert!(said.map_or(action.is_empty(), |said| action.contains(said)), "{state:?}: {action}");
        }
    }

    #[test]
    fn how_old_is_too_old_can_be_said() {
        let old = state("09:00", "ok", "");
        for (source, oldest, expected) in [
            (Source::Xray, None, Condition::Stale),
            (Source::Cloudtrail, None, Condition::Fresh),
            (Source::Auditmanager, None, Condition::Fresh),
            (Source::Xray, Some(3 * 3_600), Condition::Fresh),
            (Source::Auditmanager, Some(3 * 3_600 - 1), Condition::Stale),
        ] {
            assert_eq!(judge(Some(&old), source, now(), oldest).condition, expected, "{source} {oldest:?}");
        }
    }

    #[test]
    fn the_last_run_tells_which_operation_failed() {
        let issues = r#","issue_counts":{"AccessDeniedException":1},"issues":[{"code":"Record.Invalid","operation":"GetInsight"},
            {"code":"AccessDeniedException","operation":"GetGroups","message":"not allowed"}]"#;
        let failed = state("11:30", "failed", issues);
        let mut judged = judge(Some(&failed), Source::Xray, now(), None);
        judged.learn(Some(&failed));
        assert!(judged.action.unwrap().ends_with("GetGroups: not allowed"));
        let mut never = judge(None, Source::Xray, now(), None);
        never.learn(Some(&state("11:30", "ok", r#","trigger":"push""#)));
        assert!(never.action.unwrap().contains("only a push has run"));
    }

    #[test]
    fn stale_is_four_of_the_templates_schedules() {
        let template =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
        for (parameter, source) in [
            ("XraySchedule", Source::Xray),
            ("CloudTrailSchedule", Source::Cloudtrail),
            ("AuditManagerSchedule", Source::Auditmanager),
        ] {
            let (_, declared) = template.split_once(&format!("\n  {parameter}:\n")).unwrap();
            let (_, rate) = declared.split_once("Default: rate(").unwrap();
            let (number, unit) = rate.split_once(')').unwrap().0.split_once(' ').unwrap();
            let unit = if unit.starts_with("minute") { 60 } else { 3_600 };
            assert_eq!(stale_after(source), 4 * number.parse::<i64>().unwrap() * unit, "{parameter}");
        }
    }
}
