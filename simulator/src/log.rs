//! The call log: every HTTP request in the order of the answers, and the number of calls by operation.

use crate::selector::Selector;
use crate::service::Service;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The maximum number of calls in the log. All calls are counted.
const KEPT: usize = 100_000;

/// One HTTP request and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedCall {
    /// The time of the request by the simulator's clock.
    pub time: Timestamp,
    /// Such as `xray`.
    pub service: String,
    /// Such as `GetInsight`; method and path if the request names no operation.
    pub operation: String,
    /// The signer: the id of the access key, or the name of a role's session; empty if the request is not signed.
    pub caller: String,
    /// The account of the credentials; empty if the request is not signed.
    pub account: String,
    /// The region in the signature; empty if the request is not signed.
    pub region: String,
    /// The parameters; empty for DynamoDB's operations, whose bodies are large.
    pub input: Map<String, Value>,
    /// The HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// The code of the error.
    pub error: Option<String>,
    /// The fault that applied to the call.
    pub fault: Option<String>,
    /// Whether a rate limit or a fault throttled the call.
    pub throttled: bool,
}

/// An operation that a caller has called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The id of the access key, or the name of a role's session.
    pub caller: String,
    /// Such as `xray`.
    pub service: String,
    /// Such as `GetInsight`.
    pub operation: String,
}

/// The calls so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    calls: VecDeque<LoggedCall>,
    counts: BTreeMap<(String, String), u64>,
    seen: BTreeSet<Seen>,
}

impl Log {
    /// Adds one call.
    pub(crate) fn add(&mut self, call: LoggedCall) {
        tracing::debug!(
            service = call.service,
            operation = call.operation,
            account = call.account,
            region = call.region,
            status = call.status,
            error = call.error,
            fault = call.fault,
            throttled = call.throttled,
            "simulated call"
        );
        let LoggedCall { caller, service, operation, .. } = &call;
        let [caller, service, operation] = [caller, service, operation].map(String::clone);
        *self.counts.entry((service.clone(), operation.clone())).or_default() += 1;
        self.seen.insert(Seen { caller, service, operation });
        self.calls.push_back(call);
        if self.calls.len() > KEPT {
            self.calls.pop_front();
        }
    }

    /// The calls that are kept, oldest first.
    pub(crate) fn calls(&self) -> Vec<LoggedCall> {
        self.calls.iter().cloned().collect()
    }

    /// The number of calls by operation, such as `xray:GetInsight`.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.iter();
        counts.map(|((service, operation), count)| (format!("{service}:{operation}"), *count)).collect()
    }

    /// The number of calls of `operations`.
    pub(crate) fn count(&self, operations: Selector) -> u64 {
        let is_counted = |service: &str, operation: &str| {
            Service::named(service).is_some_and(|service| operations.contains(service, operation))
        };
        let counts = self.counts.iter().filter(|((service, operation), _)| is_counted(service, operation));
        counts.map(|(_, count)| count).sum()
    }

    /// Which operations each caller has called since the start.
    pub(crate) fn seen(&self) -> BTreeSet<Seen> {
        self.seen.clone()
    }

    /// Removes the calls and their counts, but not [`Self::seen`].
    pub(crate) fn clear(&mut self) {
        self.calls.clear();
        self.counts.clear();
    }
}
