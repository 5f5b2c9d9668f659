//! The descriptor of AWS X-Ray.

use super::{Data, answer};
use crate::call::ServiceError;
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
        Operation::rest("GetGroups", "POST", "/Groups").input(&[(Type::String, &["NextToken"])]).paged(
            "NextToken",
            "",
            &["Groups"],
        ),
        Operation::rest("GetGroup", "POST", "/GetGroup").input(&[(Type::String, &["GroupName", "GroupARN"])]),
        Operation::rest("GetInsightSummaries", "POST", "/InsightSummaries")
            .input(&[
                (Type::StringList, &["States"]),
                (Type::String, &["GroupARN", "GroupName", "NextToken"]),
                (Type::Timestamp, &["StartTime", "EndTime"]),
                (Type::Integer, &["MaxResults"]),
            ])
            .paged("NextToken", "MaxResults", &["InsightSummaries"]),
        Operation::rest("GetInsight", "POST", "/Insight").input(&[(Type::String, &["InsightId"])]),
        Operation::rest("GetInsightEvents", "POST", "/InsightEvents")
            .input(&[(Type::String, &["InsightId", "NextToken"]), (Type::Integer, &["MaxResults"])])
            .paged("NextToken", "MaxResults", &["InsightEvents"]),
        Operation::rest("GetInsightImpactGraph", "POST", "/InsightImpactGraph")
            .input(&[
                (Type::String, &["InsightId", "NextToken"]),
                (Type::Timestamp, &["StartTime", "EndTime"]),
            ])
            .paged("NextToken", "", &["Services"]),
    ],
    throttled: || ServiceError::new("ThrottledException", 429, "Rate exceeded"),
    internal: || ServiceError::new("InternalFailure", 500, "An internal service error occurred."),
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
