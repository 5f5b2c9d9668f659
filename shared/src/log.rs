//! The log events. Each has one function, so that its name and its fields are defined in one place. WARN means that no data
//! is lost, because a later run fetches it. ERROR means that data is lost or that a person must act.
//!
//! External text is cut: CloudWatch Logs accepts 256 KB per event, and JSON may escape one byte as six.

use crate::counts::RunStatus;
use crate::environment::Environment;
use crate::fields::{LONGEST_TEXT, cut};
use crate::issue::{CLOCK_SKEWED, Stage};
use crate::record::Source;
use crate::response::TargetResponse;
use crate::target::Target;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, registry};

/// The crate that writes the log events of all functions.
const SHARED: &str = "insights_shared";
/// The crate of the span that adds the request id to every line.
const RUNTIME: &str = "lambda_runtime";

/// Starts logging to standard output for the function of `source`, with the level and format of Lambda's variables
/// `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>
pub fn init(source: Source, environment: &Environment) {
    let level = level(environment.get("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default());
    let is_json =
        environment.get("AWS_LAMBDA_LOG_FORMAT").is_some_and(|text| text.eq_ignore_ascii_case("json"));
    // A subscriber already exists only in a process that is not a function.
    let _ = tracing::subscriber::set_global_default(subscriber([source], level, is_json, std::io::stdout));
}

/// A subscriber that writes to `writer`: events of the functions of `sources` from `level` on, and only warnings and errors
/// of other crates. The SDK's detailed events contain whole requests and answers, including credentials, and are never
/// logged, at any level.
pub fn subscriber<W>(
    sources: impl IntoIterator<Item = Source>,
    level: LevelFilter,
    is_json: bool,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let functions = sources.into_iter().map(|source| source.package.replace('-', "_"));
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(RUNTIME, LevelFilter::INFO)
        .with_target(SHARED, level)
        .with_targets(functions.map(|crate_name| (crate_name, level)));
    // With a timestamp: Lambda treats a JSON line without `timestamp` as level INFO, regardless of its own level.
    let lines = fmt::layer().with_target(false).with_writer(writer);
    let lines = if is_json { lines.json().boxed() } else { lines.boxed() };
    registry().with(lines).with(targets)
}

/// The level in Lambda's variable; `INFO` if it is unknown.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

/// An issue of a target's run.
pub fn issue(stage: Stage, operation: &str, subject: &str, code: &str, retryable: bool, message: &str) {
    // A wrong clock loses no data: the run uses the services' time.
    if retryable || code == CLOCK_SKEWED {
        tracing::warn!(event = "issue", ?stage, operation, subject, code, retryable, message);
    } else {
        tracing::error!(event = "issue", ?stage, operation, subject, code, retryable, message);
    }
}

/// A target has more issues than are logged. Its counts include all of them.
pub fn issues_not_logged(logged: u64) {
    tracing::warn!(
        event = "issues_not_logged",
        logged,
        "further issues of this target are counted, not logged"
    );
}

/// Targets that were not begun, because there was no time.
pub fn targets_not_begun(source: &str, targets: usize) {
    tracing::warn!(event = "targets_not_begun", source, targets, "no time was left for these targets");
}

/// Targets that a scheduled run skipped, because the source was not enabled when they were last requested.
pub fn targets_skipped(source: &str, targets: usize) {
    tracing::info!(event = "targets_skipped", source, targets, "the source was not enabled there before");
}

/// An issue that no later run can resolve. Everything that the service still has is stored.
pub fn lasting_issue(operation: &str, subject: &str, code: &str, message: &str) {
    tracing::warn!(event = "issue", lasting = true, operation, subject, code, retryable = false, message);
}

/// A target's run ended.
pub fn target_finished(source: &str, response: &TargetResponse) {
    let TargetResponse { account_id, region, status, counts, .. } = response;
    let (status, fetched, written) = (status.as_str(), counts.fetched, counts.written);
    let event = "target_finished";
    if response.status == RunStatus::Failed {
        tracing::error!(event, source, account_id, region, status, fetched, written);
    } else {
        tracing::info!(
            event,
            source,
            account_id,
            region,
            status,
            fetched,
            written,
            not_reached = counts.not_reached
        );
    }
}

/// The service is not available in a target's region; `reason` says why.
pub fn not_available(source: &str, target: &Target, reason: &str) {
    tracing::info!(event = "not_available", source, target = %target, reason);
}

/// An item with a newer schema version was not overwritten.
pub fn newer_schema(pk: &str, sk: &str) {
    tracing::warn!(event = "newer_schema", pk, sk, "a newer version wrote this item; it is not overwritten");
}

/// Records are written one by one, because batches of inserts are not possible.
pub fn inserts_refused(code: &str) {
    let code = &*cut(code, LONGEST_TEXT);
    tracing::warn!(
        event = "inserts_refused",
        code,
        "inserts were refused or failed; records are put one by one for the rest of the invocation"
    );
}

/// The Runtime API returned an invocation without a request id, so no response can be sent.
pub fn invocation_without_id() {
    tracing::error!(event = "invocation_without_id", "an invocation without a request id cannot be answered");
}

/// The Runtime API did not accept the response of an invocation.
pub fn answer_not_taken(reason: &str) {
    let reason = &*cut(reason, LONGEST_TEXT);
    tracing::error!(event = "answer_not_taken", reason);
}

/// The invocation failed as a whole.
pub fn invocation_failed(error_type: &str, message: &str) {
    let message = &*cut(message, LONGEST_TEXT);
    tracing::error!(event = "invocation_failed", error_type, message);
}

/// A stored item cannot be read. It is treated as absent.
pub fn unreadable_item(reason: &str) {
    let reason = &*cut(reason, LONGEST_TEXT);
    tracing::warn!(event = "unreadable_item", reason);
}

/// `state` or `run` could not be written.
pub fn state_not_written(target: &Target, what: &str, reason: &str) {
    let reason = &*cut(reason, LONGEST_TEXT);
    tracing::warn!(event = "state_not_written", target = %target, what, reason);
}
