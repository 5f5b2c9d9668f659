//! The descriptor of AWS Audit Manager.

use super::{Data, answer};
use crate::call::ErrorTemplate;
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
            .input(&[("status", Type::String), ("nextToken", Type::String), ("maxResults", Type::Integer)])
            .paged("nextToken", "maxResults", &["assessmentMetadata"]),
        Operation::rest("GetInsightsByAssessment", "GET", "/insights/assessments/{assessmentId}")
            .input(&[("assessmentId", Type::String)]),
        Operation::rest("ListControlDomainInsights", "GET", "/insights/control-domains")
            .input(&[("nextToken", Type::String), ("maxResults", Type::Integer)])
            .paged("nextToken", "maxResults", &["controlDomainInsights"]),
        Operation::rest(
            "ListControlDomainInsightsByAssessment",
            "GET",
            "/insights/control-domains-by-assessment",
        )
        .input(&[("assessmentId", Type::String), ("nextToken", Type::String), ("maxResults", Type::Integer)])
        .paged("nextToken", "maxResults", &["controlDomainInsights"]),
        Operation::rest("ListControlInsightsByControlDomain", "GET", "/insights/controls")
            .input(&[
                ("controlDomainId", Type::String),
                ("nextToken", Type::String),
                ("maxResults", Type::Integer),
            ])
            .paged("nextToken", "maxResults", &["controlInsightsMetadata"]),
        Operation::rest(
            "ListAssessmentControlInsightsByControlDomain",
            "GET",
            "/insights/controls-by-assessment",
        )
        .input(&[
            ("controlDomainId", Type::String),
            ("assessmentId", Type::String),
            ("nextToken", Type::String),
            ("maxResults", Type::Integer),
        ])
        .paged("nextToken", "maxResults", &["controlInsightsByAssessment"]),
    ],
    throttled: ErrorTemplate { code: "ThrottlingException", status: 429, message: "Rate exceeded" },
    internal: ErrorTemplate {
        code: "InternalServerException",
        status: 500,
        message: "An internal service error occurred.",
    },
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
