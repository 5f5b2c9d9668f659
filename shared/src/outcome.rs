//! What became of an invocation's targets, and which error it ends with where all of them failed. Pure.

use crate::aws::Calls;
use crate::fields::{LONGEST_TEXT, cut};
use crate::invocation::InvocationError;
use crate::issue::{CLOCK_SKEWED, Class, REQUEST_INVALID};
use crate::report::{Response, TargetResponse, Targets};

/// The most targets of which an error says why they failed.
const MOST_REASONS: usize = 20;

/// What became of one target.
#[derive(Debug)]
pub(crate) struct TargetOutcome {
    /// Its part of the response.
    pub response: TargetResponse,
    /// Its requests to the source.
    pub calls: Calls,
    /// Whether nothing is stored of it, because of the table.
    pub nothing_stored: bool,
    /// The class of its first failure.
    pub first_failure: Option<Class>,
    /// Whether there was time for it.
    pub is_begun: bool,
}

/// All targets' outcomes so far.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    /// Their parts of the response.
    pub targets: Targets,
    /// Their requests to the source.
    pub calls: Calls,
    /// What decides which error it is, should all of them have failed.
    pub failures: Failures,
    /// How many there was no time for.
    pub not_begun: usize,
}

/// What decides which error an invocation ends with of which every target failed.
#[derive(Debug)]
pub(crate) struct Failures {
    /// Nothing is stored of any target, because of the table.
    table_failed: bool,
    /// Every target asks for nothing but what cannot be asked for.
    all_refused: bool,
    first: Option<Class>,
}

impl Default for Failures {
    fn default() -> Self {
        Self { table_failed: true, all_refused: true, first: None }
    }
}

impl Outcomes {
    /// Takes in a target.
    pub(crate) fn add(&mut self, outcome: TargetOutcome) {
        let mut codes = outcome.response.issue_counts.keys().filter(|code| *code != CLOCK_SKEWED).peekable();
        let is_refused = codes.peek().is_some() && codes.all(|code| code == REQUEST_INVALID);
        let Failures { table_failed, all_refused, first } = &mut self.failures;
        *table_failed &= outcome.nothing_stored;
        *all_refused &= is_refused;
        *first = first.or(outcome.first_failure);
        self.calls.throttled += outcome.calls.throttled;
        for (operation, sent) in outcome.calls.sent {
            *self.calls.sent.entry(operation).or_default() += sent;
        }
        self.not_begun += usize::from(!outcome.is_begun);
        self.targets.add(outcome.response);
    }
}

/// The error that a failure of this class gives an invocation.
pub(crate) fn error_type_of(class: Class) -> &'static str {
    match class {
        Class::Denied => "Source.Denied",
        Class::Throttled => "Source.Throttled",
        _ => "Source.Unavailable",
    }
}

/// The error of an invocation of which every target failed.
pub(crate) fn all_failed(response: &Response, failures: &Failures) -> InvocationError {
    let error_type = if failures.table_failed {
        "Table.Unavailable"
    } else {
        // Without a call that failed there is nothing but requests that were not made: the configuration asks for them.
        let otherwise = if failures.all_refused { "Config.Invalid" } else { "Source.Unavailable" };
        failures.first.map_or(otherwise, error_type_of)
    };
    let reasons: Vec<String> = response.targets.iter().take(MOST_REASONS).map(reason).collect();
    let left_out = response.targets.len() as u64 + response.targets_left_out - reasons.len() as u64;
    let more =
        if left_out > 0 { format!("; and {left_out} more targets, left out here") } else { String::new() };
    // What is cut is the reasons, not how many there are.
    let reasons = reasons.join("; ");
    InvocationError::new(error_type, format!("{}{more}", cut(&reasons, LONGEST_TEXT - more.len())))
}

/// Why one target failed, on one line.
fn reason(target: &TargetResponse) -> String {
    let place = format!("{}/{}", target.account_id, target.region);
    match target.issues.first() {
        Some(issue) => {
            let more = target.issue_counts.values().sum::<u64>().saturating_sub(1);
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{place}: {} {}: {}: {}{more}", issue.operation, issue.subject, issue.code, issue.message)
        }
        None => format!("{place}: {}", target.status.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::Stage;
    use crate::record::Source;
    use crate::report::{TargetReport, Usage};
    use crate::response::LARGEST_RESPONSE;
    use crate::target::Target;

    fn failed(targets: usize, issues: usize, subject: &str) -> InvocationError {
        let mut all = Outcomes::default();
        for number in 0..targets {
            let report = TargetReport::default();
            for _ in 0..issues {
                report.issue(
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
        let response = Response::new(Source::Xray, false, Usage::default(), all.targets, LARGEST_RESPONSE);
        all_failed(&response, &all.failures)
    }

    #[test]
    fn an_error_gives_the_reasons_of_some_targets_and_says_how_many_more_there_are() {
        let error = failed(2, 51, "shop");
        assert_eq!(error.error_type, "Source.Denied");
        assert!(
            error.message.starts_with("123456789012/eu-west-1: GetGroups shop: AccessDeniedException: mm")
        );
        assert!(error.message.ends_with("m (and 50 more)"), "{error}");
        let error = failed(5_000, 1, "shop");
        assert_eq!(error.message.matches("/eu-west-1: ").count(), MOST_REASONS);
        assert!(error.message.ends_with("; and 4980 more targets, left out here"), "{error}");
        assert!(error.message.len() <= LONGEST_TEXT, "{}", error.message.len());
        let error = failed(30, 2, &"\u{1}".repeat(4_000));
        assert!(error.message.ends_with("; and 10 more targets, left out here"), "{error}");
        assert!(error.message.len() <= LONGEST_TEXT, "{}", error.message.len());
    }
}
