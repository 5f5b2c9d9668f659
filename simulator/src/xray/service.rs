//! The descriptor of AWS X-Ray.

use super::{Data, answer};
use crate::call::ErrorTemplate;
use crate::fault::distortion::RecordMembers;
use crate::operation::{Operation, ParameterType as Type};
use crate::protocol::Protocol;
use crate::scenario::place::PartReader;
use crate::service::{Backend, Descriptor, Service};

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "xray",
    title: "X-Ray",
    protocol: Protocol::RestJson,
    operations: &[
        Operation::rest("GetGroups", "POST", "/Groups").input(&[("NextToken", Type::String)]).paged(
            "NextToken",
            "",
            &["Groups"],
        ),
        Operation::rest("GetGroup", "POST", "/GetGroup")
            .input(&[("GroupName", Type::String), ("GroupARN", Type::String)]),
        Operation::rest("GetInsightSummaries", "POST", "/InsightSummaries")
            .input(&[
                ("States", Type::StringList),
                ("GroupARN", Type::String),
                ("GroupName", Type::String),
                ("StartTime", Type::Timestamp),
                ("EndTime", Type::Timestamp),
                ("MaxResults", Type::Integer),
                ("NextToken", Type::String),
            ])
            .paged("NextToken", "MaxResults", &["InsightSummaries"]),
        Operation::rest("GetInsight", "POST", "/Insight").input(&[("InsightId", Type::String)]),
        Operation::rest("GetInsightEvents", "POST", "/InsightEvents")
            .input(&[("InsightId", Type::String), ("MaxResults", Type::Integer), ("NextToken", Type::String)])
            .paged("NextToken", "MaxResults", &["InsightEvents"]),
        Operation::rest("GetInsightImpactGraph", "POST", "/InsightImpactGraph")
            .input(&[
                ("InsightId", Type::String),
                ("StartTime", Type::Timestamp),
                ("EndTime", Type::Timestamp),
                ("NextToken", Type::String),
            ])
            .paged("NextToken", "", &["Services"]),
    ],
    throttled: ErrorTemplate { code: "ThrottledException", status: 429, message: "Rate exceeded" },
    internal: ErrorTemplate {
        code: "InternalFailure",
        status: 500,
        message: "An internal service error occurred.",
    },
    message_member: "Message",
    is_limited: true,
    records: Some(RecordMembers {
        enumerations: &["Categories", "State"],
        kept: &[
            "EventTime",
            "GroupARN",
            "GroupName",
            "InsightId",
            "InsightsConfiguration",
            "InsightsEnabled",
            "Name",
            "StartTime",
            "State",
        ],
        json: &[],
    }),
    part: Some(PartReader::of::<Data>()),
    backend: Backend::Scenario(|place, call, _| answer(place.part(), call)),
});
