//! The descriptor of AWS CloudTrail.

use super::{Data, answer};
use crate::call::ErrorTemplate;
use crate::fault::distortion::RecordMembers;
use crate::operation::{Operation, ParameterType as Type};
use crate::protocol::Protocol;
use crate::scenario::place::PartReader;
use crate::service::{Backend, Descriptor, Service};

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "cloudtrail",
    title: "CloudTrail",
    protocol: Protocol::AwsJson {
        content_type: "application/x-amz-json-1.1",
        target: "CloudTrail_20131101",
        namespace: "",
        common_namespace: "",
    },
    operations: &[
        Operation::rpc("LookupEvents")
            .input(&[
                ("LookupAttributes", Type::StructureList),
                ("StartTime", Type::Timestamp),
                ("EndTime", Type::Timestamp),
                ("EventCategory", Type::String),
                ("MaxResults", Type::Integer),
                ("NextToken", Type::String),
            ])
            .paged("NextToken", "MaxResults", &["Events"])
            .rate(2.0),
        Operation::rpc("DescribeTrails")
            .input(&[("trailNameList", Type::StringList), ("includeShadowTrails", Type::Boolean)]),
        Operation::rpc("ListTrails").input(&[("NextToken", Type::String)]).paged(
            "NextToken",
            "",
            &["Trails"],
        ),
        Operation::rpc("GetTrail").input(&[("Name", Type::String)]),
        Operation::rpc("GetInsightSelectors")
            .input(&[("TrailName", Type::String), ("EventDataStore", Type::String)]),
        Operation::rpc("ListInsightsData")
            .input(&[
                ("InsightSource", Type::String),
                ("DataType", Type::String),
                ("Dimensions", Type::StringMap),
                ("StartTime", Type::Timestamp),
                ("EndTime", Type::Timestamp),
                ("MaxResults", Type::Integer),
                ("NextToken", Type::String),
            ])
            .paged("NextToken", "MaxResults", &["Events"])
            .rate(2.0),
        Operation::rpc("ListInsightsMetricData")
            .input(&[
                ("TrailName", Type::String),
                ("EventSource", Type::String),
                ("EventName", Type::String),
                ("InsightType", Type::String),
                ("ErrorCode", Type::String),
                ("StartTime", Type::Timestamp),
                ("EndTime", Type::Timestamp),
                ("Period", Type::Integer),
                ("DataType", Type::String),
                ("MaxResults", Type::Integer),
                ("NextToken", Type::String),
            ])
            .paged("NextToken", "MaxResults", &["Timestamps", "Values"]),
    ],
    throttled: ErrorTemplate { code: "ThrottlingException", status: 400, message: "Rate exceeded" },
    internal: ErrorTemplate {
        code: "InternalFailure",
        status: 500,
        message: "An internal service error occurred.",
    },
    message_member: "Message",
    is_limited: true,
    records: Some(RecordMembers {
        enumerations: &["EventCategories", "InsightType", "insightType"],
        kept: &[
            "CloudTrailEvent",
            "EventId",
            "EventTime",
            "HasInsightSelectors",
            "InsightType",
            "Name",
            "TrailARN",
        ],
        json: &["CloudTrailEvent"],
    }),
    part: Some(PartReader::of::<Data>()),
    backend: Backend::Scenario(|place, call, _| answer(place.part(), call)),
});
