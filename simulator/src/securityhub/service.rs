//! The descriptor of AWS Security Hub.

use super::{Data, answer, error};
use crate::fault::distortion::RecordMembers;
use crate::operation::{Operation, ParameterType as Type};
use crate::protocol::Protocol;
use crate::scenario::place::PartReader;
use crate::service::{Backend, Descriptor, Service};

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "securityhub",
    title: "Security Hub",
    protocol: Protocol::RestJson,
    operations: &[
        Operation::rest("GetInsights", "POST", "/insights/get")
            .input(&[
                (Type::StringList, &["InsightArns"]),
                (Type::String, &["NextToken"]),
                (Type::Integer, &["MaxResults"]),
            ])
            .paged("NextToken", "MaxResults", &["Insights"]),
        Operation::rest("GetInsightResults", "GET", "/insights/results/{InsightArn+}")
            .input(&[(Type::String, &["InsightArn"])]),
    ],
    throttled: || error("LimitExceededException", 429, "Rate exceeded"),
    internal: || error("InternalException", 500, "Internal server error"),
    message_member: "Message",
    is_limited: true,
    records: Some(RecordMembers {
        enumerations: &["Comparison", "Unit"],
        kept: &["InsightArn", "ResultValues", "GroupByAttributeValue", "Count"],
        json: &[],
    }),
    part: Some(PartReader::of::<Data>()),
    backend: Backend::Scenario(|place, call, _| answer(place.part(), call)),
});
