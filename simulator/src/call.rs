//! A call as a simulated service receives it, and its answer. The answer is a function of the scenario, the call and the
//! caller. HTTP, signatures, protocols, faults and rate limits are handled elsewhere.

use insights_shared::time::Timestamp;
use serde_json::{Map, Value};

/// A decoded request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation's name as AWS spells it, such as `GetInsightSummaries`.
    pub operation: &'static str,
    /// The account whose credentials signed the request.
    pub account: String,
    /// The region in the signature's scope.
    pub region: String,
    /// The time of the simulator's clock.
    pub now: Timestamp,
    /// The members of the operation's input shape by wire name, from the JSON body, the query string or the path.
    pub input: Map<String, Value>,
}

/// An error of the service's model.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceError {
    /// The error's shape name, such as `InvalidRequestException`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The message.
    pub message: String,
    /// Further modelled members of the error shape, such as `reason` and `fields` of `ValidationException`.
    pub members: Map<String, Value>,
}

impl ServiceError {
    /// An error with no members but its message.
    pub fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), members: Map::new() }
    }
}

/// The answer of a service: the members of the operation's output shape by their wire names.
pub type Answer = Result<Value, ServiceError>;
