//! The descriptor of AWS CloudTrail.

use super::{Data, answer};
use crate::call::ServiceError;
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
                (Type::StructureList, &["LookupAttributes"]),
                (Type::Timestamp, &["StartTime", "EndTime"]),
                (Type::String, &["EventCategory", "NextToken"]),
                (Type::Integer, &["MaxResults"]),
            ])
            .paged("NextToken", "MaxResults", &["Events"])
            .rate(2.0),
        Operation::rpc("DescribeTrails")
            .input(&[(Type::StringList, &["trailNameList"]), (Type::Boolean, &["includeShadowTrails"])]),
        Operation::rpc("ListTrails").input(&[(Type::String, &["NextToken"])]).paged(
            "NextToken",
            "",
            &["Trails"],
        ),
        Operation::rpc("GetTrail").input(&[(Type::String, &["Name"])]),
        Operation::rpc("GetInsightSelectors").input(&[(Type::String, &["TrailName", "EventDataStore"])]),
        Operation::rpc("ListInsightsData")
            .input(&[
                (Type::String, &["InsightSource", "DataType", "NextToken"]),
                (Type::StringMap, &["Dimensions"]),
                (Type::Timestamp, &["StartTime", "EndTime"]),
                (Type::Integer, &["MaxResults"]),
            ])
            .paged("NextToken", "MaxResults", &["Events"])
            .rate(2.0),
        Operation::rpc("ListInsightsMetricData")
            .input(&[
                (
                    Type::String,
                    &[
                        "TrailName",
                        "EventSource",
                        "EventName",
                        "InsightType",
                        "ErrorCode",
                        "DataType",
                        "NextToken",
                    ],
                ),
                (Type::Timestamp, &["StartTime", "EndTime"]),
                (Type::Integer, &["Period", "MaxResults"]),
            ])
            .paged("NextToken", "MaxResults", &["Timestamps", "Values"]),
    ],
    throttled: || ServiceError::new("ThrottlingException", 400, "Rate exceeded"),
    internal: || ServiceError::new("InternalFailure", 500, "An internal service error occurred."),
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
