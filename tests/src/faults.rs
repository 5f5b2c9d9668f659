//! Checks what a run stores and reports while every call of one operation fails, and that the next run completes the data.
//!
//! The checks are the same for all functions. The tests of a function define its [`FaultChecks`], and [`fault_tests`]
//! generates a test for each check.
//!
//! [`fault_tests`]: crate::fault_tests

mod check;

use crate::lab::ACCOUNT;
use crate::table::Table;
use insights_shared::key::Key;
use insights_shared::record::{SCHEMA_VERSION, Source};
use insights_shared::store::state::state_key;
use insights_shared::target::Target;
use insights_shared::value::{Map, Value as Stored};
use std::marker::PhantomData;

/// A kind of failure.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// The simulator's name of the fault.
    pub kind: &'static str,
    /// The code of the issues.
    pub code: &'static str,
    /// The error type of the invocation if nothing else was collected.
    pub error_type: &'static str,
    /// Whether the issues are retryable.
    pub is_retryable: bool,
}

const fn failure(kind: &'static str, code: &'static str) -> Failure {
    Failure { kind, code, error_type: "Source.Unavailable", is_retryable: true }
}

const fn permanent(failure: Failure) -> Failure {
    Failure { is_retryable: false, ..failure }
}

const fn denied(kind: &'static str, code: &'static str) -> Failure {
    permanent(Failure { error_type: "Source.Denied", ..failure(kind, code) })
}

/// Every kind of failure, with the service's own codes for throttling (`throttled`) and internal errors (`internal`).
pub const fn failures(throttled: &'static str, internal: &'static str) -> [Failure; 13] {
    [
        Failure { error_type: "Source.Throttled", ..failure("throttle", throttled) },
        failure("error500", internal),
        failure("html503", "Response.Malformed"),
        failure("reset", "Connection"),
        failure("refused", "Connection"),
        failure("hang", "Timeout"),
        denied("denied", "AccessDeniedException"),
        denied("expired", "ExpiredTokenException"),
        failure("clock-skew", "Clock.Skewed"),
        failure("lost-answer", "Connection"),
        permanent(failure("truncate", "Response.Malformed")),
        permanent(failure("wrong-type", "Response.Malformed")),
        permanent(failure(NULL_IN_LIST, "Response.Malformed")),
    ]
}

/// The fault that requires a list in the response.
const NULL_IN_LIST: &str = "null-in-list";

/// Failures after which the request has taken effect.
pub const DONE: [&str; 3] = ["lost-answer", "truncate", "wrong-type"];

/// The failures of DynamoDB.
const TABLE_FAILURES: [Failure; 13] =
    failures("ProvisionedThroughputExceededException", "InternalServerError");

/// The response contains the token of its request, so the pages would never end.
const REPEATED_TOKEN: Failure = failure("repeat-token", "Token.Repeated");

/// Failures after which retries of the SDK succeed.
pub const TEMPORARY: [&str; 8] =
    ["throttle", "error500", "html503", "reset", "refused", "hang", "lost-answer", "clock-skew"];

/// An operation for which some failures, listed by [`Failure::kind`], have another effect than the others.
pub type Exception = (&'static [&'static str], Expected);

/// What the tests of a function declare about failures.
#[derive(Debug)]
pub struct FaultChecks<C> {
    /// A scenario (TOML) in which every operation returns something.
    pub scenario: &'static str,
    /// The variables of the function.
    pub variables: &'static [(&'static str, &'static str)],
    /// Summarizes the contents of the table on one line.
    pub left: fn(&Table) -> String,
    /// The service's throttling code.
    pub throttled: &'static str,
    /// The code of the service's internal errors.
    pub internal: &'static str,
    /// The effect if every call of an operation of the service fails.
    pub operations: &'static [Expected],
    /// Failures with another effect.
    pub exceptions: &'static [Exception],
    /// The operations without lists in their responses.
    pub without_lists: &'static [&'static str],
    /// The effect of a repeated token, for each operation.
    pub repeated_tokens: &'static [Expected],
    /// The operations with pages.
    pub paged: &'static [&'static str],
    /// The effect if every call of an operation of the table fails. If `Query` is not listed, a run must not send one.
    pub table_operations: &'static [Expected],
    /// Failures with another effect, such as those of [`DONE`].
    pub table_exceptions: &'static [Exception],
    /// The function.
    pub collector: PhantomData<C>,
}

/// The effect of a failing operation.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The operation that fails, with `@N` if its first N calls succeed.
    pub operation: &'static str,
    /// `partial` or `failed`.
    pub status: &'static str,
    /// The number of issues.
    pub issues: u64,
    /// What is stored, in the form of [`FaultChecks::left`].
    pub left: &'static str,
}

/// The tests of a [`FaultChecks`] constant, one for each check.
#[macro_export]
macro_rules! fault_tests {
    ($checks:path) => {
        #[test]
        fn the_failure_of_an_operation_affects_only_its_own_data_and_is_reported_with_its_code() {
            $crate::paused($checks.check_operations());
        }

        #[test]
        fn a_temporary_failure_is_retried_and_has_no_effect() {
            $crate::paused($checks.check_temporary());
        }

        #[test]
        fn a_wrong_clock_is_corrected_by_the_sdk_and_has_no_effect() {
            $crate::paused($checks.check_skewed());
        }

        #[test]
        fn a_repeated_token_is_an_issue_and_earlier_pages_are_stored() {
            $crate::paused($checks.check_repeated_tokens());
        }

        #[test]
        fn an_empty_page_with_a_token_is_not_the_last_page() {
            $crate::paused($checks.check_empty_pages());
        }

        #[test]
        fn the_failure_of_an_operation_of_the_table_is_reported_and_the_next_run_repairs_it() {
            $crate::paused($checks.check_table_operations());
        }

        #[test]
        fn a_temporary_failure_of_the_table_is_retried_and_has_no_effect() {
            $crate::paused($checks.check_table_temporary());
        }
    };
}

/// The `state` of a target after an earlier run, without further content.
pub fn earlier_run(source: Source, region: &str) -> Map {
    let target = Target { account_id: ACCOUNT.to_owned(), region: region.to_owned(), role: None };
    let Key { pk, sk } = state_key(source, &target);
    let members: [(&str, Stored); 4] = [
        ("pk", pk.into()),
        ("sk", sk.into()),
        ("kind", "state".into()),
        ("schema_version", SCHEMA_VERSION.into()),
    ];
    members.map(|(name, value)| (name.into(), value)).into()
}

/// The text attribute `name`, or `-`.
pub fn text<'a>(item: Option<&'a Map>, name: &str) -> &'a str {
    item.and_then(|item| item.get(name)).and_then(Stored::as_str).unwrap_or("-")
}
