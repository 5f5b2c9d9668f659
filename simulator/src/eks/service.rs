//! The descriptor of Amazon EKS.

use super::{Data, answer};
use crate::call::ServiceError;
use crate::fault::distortion::RecordMembers;
use crate::operation::{Operation, ParameterType as Type};
use crate::protocol::Protocol;
use crate::scenario::place::PartReader;
use crate::service::{Backend, Descriptor, Service};

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "eks",
    title: "EKS",
    protocol: Protocol::RestJson,
    operations: &[
        Operation::rest("ListClusters", "GET", "/clusters")
            .input(&[
                (Type::String, &["nextToken"]),
                (Type::Integer, &["maxResults"]),
                (Type::StringList, &["include"]),
            ])
            .paged("nextToken", "maxResults", &["clusters"]),
        Operation::rest("ListInsights", "POST", "/clusters/{name}/insights")
            .input(&[
                (Type::String, &["name", "nextToken"]),
                (Type::Integer, &["maxResults"]),
                (Type::Structure, &["filter"]),
            ])
            .paged("nextToken", "maxResults", &["insights"]),
        Operation::rest("DescribeInsight", "GET", "/clusters/{name}/insights/{id}")
            .input(&[(Type::String, &["name", "id"])]),
    ],
    throttled: || ServiceError::new("ThrottlingException", 429, "Rate exceeded"),
    internal: || ServiceError::new("ServerException", 500, "Internal server error"),
    message_member: "message",
    is_limited: true,
    records: Some(RecordMembers {
        enumerations: &["category", "status"],
        kept: &["id", "insightStatus", "status", "lastRefreshTime", "lastTransitionTime"],
        json: &[],
    }),
    part: Some(PartReader::of::<Data>()),
    backend: Backend::Scenario(|place, call, _| answer(place.part(), call)),
});
