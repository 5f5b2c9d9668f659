//! The log of calls: every HTTP request, in the order in which they were answered, and how many of each operation.

use insights_shared::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many calls are kept; counts go on.
const KEPT: usize = 100_000;

/// One HTTP request and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedCall {
    /// When it came, by the simulator's clock.
    pub time: Timestamp,
    /// Such as `xray`; empty if nobody can tell.
    pub service: String,
    /// Such as `GetInsight`; for what is no operation, method and path.
    pub operation: String,
    /// Who signed: the id of the access key, or the name of a role's session; empty if it was not signed.
    pub caller: String,
    /// The account of the credentials; empty if it was not signed.
    pub account: String,
    /// The region in the signature; empty if it was not signed.
    pub region: String,
    /// The parameters; empty for the table's operations, whose bodies are large.
    pub input: Map<String, Value>,
    /// The HTTP status; `None` if the connection was closed, or left open, without an answer.
    pub status: Option<u16>,
    /// The error's code.
    pub error: Option<String>,
    /// The fault that befell it.
    pub fault: Option<String>,
    /// Whether a rate limit or a fault throttled it.
    pub throttled: bool,
}

/// Who has called what at all.
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
    counts: BTreeMap<String, u64>,
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
        *self.counts.entry(call.operation.clone()).or_default() += 1;
        let LoggedCall { caller, service, operation, .. } = &call;
        let [caller, service, operation] = [caller, service, operation].map(String::clone);
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

    /// How many calls of each operation there were.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.clone()
    }

    /// Who has called what since the beginning.
    pub(crate) fn seen(&self) -> BTreeSet<Seen> {
        self.seen.clone()
    }

    /// Forgets the calls and their number, but not who has called what.
    pub(crate) fn clear(&mut self) {
        self.calls.clear();
        self.counts.clear();
    }
}
