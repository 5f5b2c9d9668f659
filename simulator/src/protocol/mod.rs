//! The wire protocols: the operation of a request, its signer, and the format of answers and errors. This module does not
//! depend on services.

pub(crate) mod answer;
pub(crate) mod canned;
pub(crate) mod form;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod signature;

/// A protocol of AWS services (<https://smithy.io/2.0/aws/protocols/index.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON: the header `x-amz-target` names the operation.
    AwsJson {
        /// The content type.
        content_type: &'static str,
        /// A part of the header that identifies the service.
        target: &'static str,
        /// The prefix of the code of a modeled error in `__type`.
        namespace: &'static str,
        /// The prefix of the code of an error that every service has.
        common_namespace: &'static str,
    },
    /// AWS `restJson1`: method and path name the operation.
    RestJson,
    /// AWS Query: the parameter `Action` names the operation, and answers are XML.
    Query {
        /// The version of the service's API.
        version: &'static str,
    },
}

impl Protocol {
    /// The content type of answers.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::AwsJson { content_type, .. } => content_type,
            Self::RestJson => "application/json",
            Self::Query { .. } => "text/xml",
        }
    }

    /// Whether answers are JSON.
    pub(crate) fn is_json(self) -> bool {
        !matches!(self, Self::Query { .. })
    }
}
