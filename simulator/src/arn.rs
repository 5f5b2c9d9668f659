//! ARNs. They depend on the call, because one scenario applies to many accounts and regions.

use crate::call::Call;

/// The ARN of `resource` of `service` in the account and region of `call`.
pub fn arn(call: &Call, service: &str, resource: &str) -> String {
    format!("arn:{}:{service}:{}:{}:{resource}", partition(&call.region), call.region, call.account)
}

/// The partition of `region`.
pub fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
