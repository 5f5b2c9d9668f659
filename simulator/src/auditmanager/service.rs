//! The descriptor of AWS Audit Manager.

use super::{Data, answer};
use crate::call::ServiceError;
use crate::fault::distortion::RecordMembers;
use crate::operation::{Operation, ParameterType as Type};
use crate::protocol::Protocol;
use crate::scenario::place::PartReader;
use crate::service::{Backend, Descriptor, Service};

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "auditmanager",
    title: "Audit Manager",
    protocol: Protocol::RestJson,
    operations: &[
        Operation::rest("GetAccountStatus", "GET", "/account/status"),
        Operation::rest("GetInsights", "GET", "/insights"),
        Operation::rest("ListAssessments", "GET", "/assessments")
            .input(&[(Type::String, &["status", "nextToken"]), (Type::Integer, &["maxResults"])])
            .paged("nextToken", "maxResults", &["assessmentMetadata"]),
        Operation::rest("GetInsightsByAssessment", "GET", "/insights/assessments/{assessmentId}")
            .input(&[(Type::String, &["assessmentId"])]),
        Operation::rest("ListControlDomainInsights", "GET", "/insights/control-domains")
            .input(&[(Type::String, &["nextToken"]), (Type::Integer, &["maxResults"])])
            .paged("nextToken", "maxResults", &["controlDomainInsights"]),
        Operation::rest(
            "ListControlDomainInsightsByAssessment",
            "GET",
            "/insights/control-domains-by-assessment",
        )
        .input(&[(Type::String, &["assessmentId", "nextToken"]), (Type::Integer, &["maxResults"])])
        .paged("nextToken", "maxResults", &["controlDomainInsights"]),
        Operation::rest("ListControlInsightsByControlDomain", "GET", "/insights/controls")
            .input(&[(Type::String, &["controlDomainId", "nextToken"]), (Type::Integer, &["maxResults"])])
            .paged("nextToken", "maxResults", &["controlInsightsMetadata"]),
        Operation::rest(
            "ListAssessmentControlInsightsByControlDomain",
            "GET",
            "/insights/controls-by-assessment",
        )
        .input(&[
            (Type::String, &["controlDomainId", "assessmentId", "nextToken"]),
            (Type::Integer, &["maxResults"]),
        ])
        .paged("nextToken", "maxResults", &["controlInsightsByAssessment"]),
    ],
    throttled: || ServiceError::new("ThrottlingException", 429, "Rate exceeded"),
    internal: || ServiceError::new("InternalServerException", 500, "An internal service error occurred."),
    message_member: "message",
    is_limited: true,
    records: Some(RecordMembers {
        enumerations: &["status"],
        kept: &["id", "lastUpdated", "status"],
        json: &[],
    }),
    part: Some(PartReader::of::<Data>()),
    backend: Backend::Scenario(|place, call, _| answer(place.part(), call)),
});
