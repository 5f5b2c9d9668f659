//! One AWS call as a simulated service sees it, and what it may answer. Everything about HTTP, signatures, protocols,
//! faults and rate limits stays in the server; a service is a pure function from world and call to answer.

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
    /// The simulator's clock when the request came.
    pub now: Timestamp,
    /// The members of the operation's input shape by their wire names, wherever the protocol put them: JSON body, query
    /// string (numbers already read as numbers) or path label.
    pub input: Map<String, Value>,
}

/// An error as the service's model names it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceError {
    /// The error's shape name, such as `InvalidRequestException`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What the service says; put in the member that the service's protocol uses.
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

/// What a service answers: the members of the operation's output shape by their wire names.
pub type Answer = Result<Value, ServiceError>;
