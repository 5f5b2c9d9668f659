//! ARNs. They depend on the call, because one scenario applies to many accounts and regions.

use crate::call::Call;
use insights_shared::region::Partition;

/// The ARN of `resource` of `service` in the account and region of `call`.
pub fn arn(call: &Call, service: &str, resource: &str) -> String {
    format!("arn:{}:{service}:{}:{}:{resource}", partition(&call.region), call.region, call.account)
}

/// The partition of `region`.
pub fn partition(region: &str) -> &'static str {
    Partition::of(region).id
}
