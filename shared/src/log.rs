//! The log events, one function each, so that a name and its fields stand in one place. Levels: WARN means nothing is
//! lost (a later run makes good), ERROR means that something is, or that a person has to act.

use crate::issue::Stage;
use crate::report::{RunStatus, TargetResponse};
use crate::target::Target;

/// An issue of a target's run.
pub fn issue(stage: Stage, operation: &str, subject: &str, code: &str, retryable: bool, message: &String) {
    if retryable {
        tracing::warn!(event = "issue", ?stage, operation, subject, code, retryable, message);
    } else {
        tracing::error!(event = "issue", ?stage, operation, subject, code, retryable, message);
    }
}

/// A target's run has ended.
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

/// An item of a schema that this version does not know was left as it is.
pub fn newer_schema(pk: &str, sk: &str) {
    tracing::warn!(event = "newer_schema", pk, sk, "a newer version wrote this item; it is not overwritten");
}

/// The invocation failed as a whole.
pub fn invocation_failed(error_type: &str, message: &str) {
    tracing::error!(event = "invocation_failed", error_type, message);
}

/// A stored item that cannot be read back; it is treated as absent.
pub fn unreadable_item(reason: &str) {
    tracing::warn!(event = "unreadable_item", reason);
}

/// `state` or `run` could not be written.
pub fn state_not_written(target: &Target, what: &str, reason: &str) {
    tracing::warn!(event = "state_not_written", target = %target, what, reason);
}
