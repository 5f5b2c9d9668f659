//! A simulated service: a handle to its descriptor, which contains everything that the rest of the crate needs. Each service
//! has a folder with its descriptor, its part of the scenario and its answers, and one entry in [`Service::all`].

use crate::call::{Answer, Call, ServiceError};
use crate::dynamodb::table::Table;
use crate::fault::FaultKind;
use crate::fault::distortion::RecordMembers;
use crate::operation::Operation;
use crate::principal::Principal;
use crate::protocol::Protocol;
use crate::protocol::answer::Reply;
use crate::protocol::request::Received;
use crate::scenario::place::{PartReader, Place};
use std::fmt;
use std::pin::Pin;

/// A simulated service. Two handles are equal if their services have the same name.
#[derive(Clone, Copy)]
pub struct Service(&'static Descriptor);

/// The descriptor of a service.
#[derive(Clone, Copy)]
pub(crate) struct Descriptor {
    /// The name in signatures, endpoints and ARNs, and before the colon in `xray:GetInsight`.
    pub(crate) name: &'static str,
    /// The name in text, such as `X-Ray`.
    pub(crate) title: &'static str,
    /// The protocol of its model.
    pub(crate) protocol: Protocol,
    /// The operations that the simulator answers.
    pub(crate) operations: &'static [Operation],
    /// Its throttling error.
    pub(crate) throttled: fn() -> ServiceError,
    /// Its internal error.
    pub(crate) internal: fn() -> ServiceError,
    /// The member of a modeled error that holds the message: `message` or `Message`.
    pub(crate) message_member: &'static str,
    /// Whether its operations are limited if the scenario contains no rate for them.
    pub(crate) is_limited: bool,
    /// The members of its answers that faults change; `None` if those faults do not apply to it.
    pub(crate) records: Option<RecordMembers>,
    /// Its table of the scenario file, if it has one.
    pub(crate) part: Option<PartReader>,
    /// The implementation of its calls.
    pub(crate) backend: Backend,
}

/// The implementation of a service's calls.
#[derive(Clone, Copy)]
pub(crate) enum Backend {
    /// A function of the data in the account and region of the call, the call, and the caller.
    Scenario(fn(&Place, &Call, &Principal) -> Answer),
    /// A database, which receives the request unchanged. Its function applies the faults that change the answer.
    Database(DatabaseAnswer),
}

type DatabaseAnswer = for<'a> fn(&'a Table, &'a Received, Option<FaultKind>) -> ReplyFuture<'a>;

/// A reply in progress. An error states why the database did not answer.
pub(crate) type ReplyFuture<'a> = Pin<Box<dyn Future<Output = Result<Reply, String>> + Send + 'a>>;

impl Service {
    pub(crate) const fn new(descriptor: &'static Descriptor) -> Self {
        Self(descriptor)
    }

    /// Every simulated service.
    pub fn all() -> &'static [Self] {
        crate::SERVICES.services()
    }

    /// The service with this name, such as `xray`.
    pub fn named(name: &str) -> Option<Self> {
        crate::SERVICES.named(name)
    }

    /// The name in signatures, endpoints and ARNs, such as `xray`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name in text, such as `X-Ray`.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// The operations that the simulator answers.
    pub fn operations(self) -> &'static [Operation] {
        self.0.operations
    }

    /// The operation with this name.
    pub fn operation(self, name: &str) -> Option<&'static Operation> {
        self.operations().iter().find(|operation| operation.name == name)
    }

    pub(crate) const fn descriptor(self) -> &'static Descriptor {
        self.0
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Service {}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Service({})", self.name())
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
