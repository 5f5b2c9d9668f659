//! AWS STS: `GetCallerIdentity` and `AssumeRole`. Policies, tags and multi-factor codes are accepted and ignored.

use crate::call::{Answer, Call, ServiceError};
use crate::operation::{Operation, ParameterType as Type};
use crate::principal::Principal;
use crate::protocol::Protocol;
use crate::scenario::Context;
use crate::scenario::members::each;
use crate::scenario::place::{Part, PartReader};
use crate::service::{Backend, Descriptor, Service};
use insights_shared::fields::Fields;
use serde_json::json;

mod assume_role;

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "sts",
    title: "STS",
    protocol: Protocol::Query { version: "2011-06-15" },
    operations: &[
        Operation::rpc("GetCallerIdentity"),
        Operation::rpc("AssumeRole").input(&[
            (
                Type::String,
                &[
                    "RoleArn",
                    "RoleSessionName",
                    "Policy",
                    "ExternalId",
                    "SerialNumber",
                    "TokenCode",
                    "SourceIdentity",
                ],
            ),
            (Type::Integer, &["DurationSeconds"]),
        ]),
    ],
    throttled: || ServiceError::new("Throttling", 400, "Rate exceeded"),
    internal: || ServiceError::new("InternalFailure", 500, "An internal service error occurred."),
    message_member: "Message",
    is_limited: false,
    records: None,
    part: Some(PartReader::global::<Data>()),
    backend: Backend::Scenario(|place, call, principal| answer(place.part(), call, principal)),
});

/// The roles with special rules for `AssumeRole`. Any other role is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Each role once.
    pub roles: Vec<Role>,
}

/// A role with special rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The external id that a caller must give.
    pub external_id: Option<String>,
    /// Whether every caller is denied.
    pub deny: bool,
}

impl Part for Data {
    fn parse(mut fields: Fields<'_>, _: &Context) -> Self {
        let roles = each(&mut fields, "roles", |role| Role {
            arn: role.required_string("arn").unwrap_or_default(),
            external_id: role.string("external_id"),
            deny: role.boolean("deny").unwrap_or_default(),
        });
        fields.finish();
        Self { roles }
    }
}

fn answer(data: &Data, call: &Call, principal: &Principal) -> Answer {
    match call.operation {
        "AssumeRole" => assume_role::answer(data, call, principal),
        _ => Ok(json!({
            "Account": principal.account,
            "Arn": principal.arn,
            "UserId": principal.user_id,
        })),
    }
}
