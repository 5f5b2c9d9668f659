//! The outcomes of an invocation's targets, and the error if all of them failed. No I/O.

use crate::aws::Calls;
use crate::counts::RunStatus;
use crate::fields::{LONGEST_TEXT, cut};
use crate::invocation::InvocationError;
use crate::issue::{CLOCK_SKEWED, Class, REQUEST_INVALID};
use crate::response::{TargetResponse, Targets};
use std::collections::BTreeMap;

/// The maximum number of targets whose reasons an error contains.
const MOST_REASONS: usize = 20;
/// The maximum length of one of these reasons, in bytes. All of them and the number of further targets fit into one message.
const LONGEST_REASON: usize = LONGEST_TEXT / MOST_REASONS - 64;

/// The outcome of one target.
#[derive(Debug)]
pub(crate) struct TargetOutcome {
    /// Its part of the response.
    pub response: TargetResponse,
    /// Its requests to the source.
    pub calls: Calls,
    /// Whether nothing of it could be stored because the table failed.
    pub nothing_stored: bool,
    /// The class of its first failure.
    pub first_failure: Option<Class>,
    /// Whether the run began.
    pub is_begun: bool,
}

/// All targets' outcomes so far.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    /// Their parts of the response.
    pub targets: Targets,
    /// Their requests to the source.
    pub calls: Calls,
    /// The facts that determine the error if all of them failed.
    pub failures: Failures,
    /// The number of targets that were not begun.
    pub not_begun: usize,
}

/// What determines the error of an invocation in which every target failed.
#[derive(Debug)]
pub(crate) struct Failures {
    /// Nothing of any target could be stored, because the table failed.
    table_failed: bool,
    /// All requests of every target were invalid and were not sent.
    all_refused: bool,
    first: Option<Class>,
    /// The number of targets.
    targets: usize,
    /// The reasons of the first [`MOST_REASONS`] targets, by account and region. The response may have no room for issues.
    reasons: BTreeMap<(String, String), String>,
}

impl Default for Failures {
    fn default() -> Self {
        Self { table_failed: true, all_refused: true, first: None, targets: 0, reasons: BTreeMap::new() }
    }
}

impl Outcomes {
    /// Adds a target.
    pub(crate) fn add(&mut self, outcome: TargetOutcome) {
        let mut codes = outcome.response.issue_counts.keys().filter(|code| *code != CLOCK_SKEWED).peekable();
        let is_refused = codes.peek().is_some() && codes.all(|code| code == REQUEST_INVALID);
        let Failures { table_failed, all_refused, first, targets, reasons } = &mut self.failures;
        *table_failed &= outcome.nothing_stored;
        *all_refused &= is_refused;
        *first = first.or(outcome.first_failure);
        *targets += 1;
        if outcome.response.status == RunStatus::Failed {
            let place = (outcome.response.account_id.clone(), outcome.response.region.clone());
            reasons.insert(place, reason(&outcome.response));
            if reasons.len() > MOST_REASONS {
                reasons.pop_last();
            }
        }
        self.calls.throttled += outcome.calls.throttled;
        for (operation, sent) in outcome.calls.sent {
            *self.calls.sent.entry(operation).or_default() += sent;
        }
        self.not_begun += usize::from(!outcome.is_begun);
        self.targets.add(outcome.response);
    }
}

/// The error type of an invocation that failed because of this class.
pub(crate) fn error_type_of(class: Class) -> &'static str {
    match class {
        Class::Denied => "Source.Denied",
        Class::Throttled => "Source.Throttled",
        _ => "Source.Unavailable",
    }
}

/// The error of an invocation in which every target failed.
pub(crate) fn all_failed(failures: &Failures) -> InvocationError {
    let error_type = if failures.table_failed {
        "Table.Unavailable"
    } else {
        // If no call failed, all requests were invalid and not sent, because of the configuration.
        let otherwise = if failures.all_refused { "Config.Invalid" } else { "Source.Unavailable" };
        failures.first.map_or(otherwise, error_type_of)
    };
    let reasons: Vec<&str> = failures.reasons.values().map(String::as_str).collect();
    let left_out = failures.targets - reasons.len();
    let more =
        if left_out > 0 { format!("; and {left_out} more targets, left out here") } else { String::new() };
    InvocationError::new(error_type, format!("{}{more}", reasons.join("; ")))
}

/// The reason of one target on one line, short enough for all reasons to fit into one message.
fn reason(target: &TargetResponse) -> String {
    let place = format!("{}/{}", target.account_id, target.region);
    // A wrong clock alone is not a failure.
    let issue = target.issues.iter().find(|issue| issue.code != CLOCK_SKEWED).or(target.issues.first());
    match issue {
        Some(issue) => {
            let more = target.issue_counts.values().sum::<u64>().saturating_sub(1);
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            // Cut the message, not the code.
            let subject = cut(&issue.subject, LONGEST_REASON / 4);
            let start = format!("{place}: {} {subject}: {}: ", issue.operation, issue.code);
            let room = LONGEST_REASON.saturating_sub(start.len() + more.len());
            format!("{start}{}{more}", cut(&issue.message, room))
        }
        None => format!("{place}: {}", target.status.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::Stage;
    use crate::report::TargetReport;
    use crate::target::Target;

    fn failed(targets: usize, issues: usize, subject: &str) -> InvocationError {
        let mut all = Outcomes::default();
        for number in (0..targets).rev() {
            let report = TargetReport::default();
            for _ in 0..issues {
                let _ = report.sink().issue(
                    Stage::Fetch,
                    "GetGroups",
                    subject,
                    "AccessDeniedException",
                    false,
                    &"m".repeat(1_024),
                );
            }
            let account_id = format!("{:012}", 123_456_789_012 + number);
            let response = report.finish(&Target { account_id, region: "eu-west-1".into(), role: None });
            all.add(TargetOutcome {
                response,
                calls: Calls::default(),
                nothing_stored: false,
                first_failure: Some(Class::Denied),
                is_begun: true,
            });
        }
        all_failed(&all.failures)
    }

    #[test]
    fn an_error_has_the_reasons_of_some_targets_and_the_number_of_others() {
        let error = failed(2, 51, "shop");
        assert_eq!(error.error_type, "Source.Denied");
        assert!(
            error.message.starts_with("123456789012/eu-west-1: GetGroups shop: AccessDeniedException: mm")
        );
        assert!(error.message.ends_with("m (and 50 more)"), "{error}");
        // The last target to run comes first by account, and the response has no room for issues.
        for (targets, issues, subject) in
            [(5_000, 1, "shop"), (30, 2, &*"\u{1}".repeat(4_000)), (20, 1, "shop")]
        {
            let error = failed(targets, issues, subject);
            let reasons: Vec<&str> = error.message.split("/eu-west-1: ").skip(1).collect();
            assert_eq!(reasons.len(), MOST_REASONS);
            for reason in reasons {
                assert!(reason.contains(": AccessDeniedException: mmm"), "{reason}");
            }
            assert!(error.message.starts_with("123456789012/"), "{error}");
            let more = format!("; and {} more targets, left out here", targets - MOST_REASONS);
            assert_eq!(error.message.ends_with(&more), targets > MOST_REASONS, "{error}");
            assert!(!error.message.contains("; and 0 more"), "{error}");
            assert!(error.message.len() <= LONGEST_TEXT, "{}", error.message.len());
        }
    }
}
