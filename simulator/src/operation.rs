//! Which operations there are: where a request for each goes, what types its parameters have, and how it pages. What an
//! operation does with its parameters is the service's own.

use crate::call::{Answer, Call};
use crate::scenario::Place;
use crate::{auditmanager, cloudtrail, xray};
use serde_json::Value;

mod table;

/// A simulated service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// AWS X-Ray.
    XRay,
    /// AWS CloudTrail.
    CloudTrail,
    /// AWS Audit Manager.
    AuditManager,
    /// AWS Security Token Service.
    Sts,
    /// Amazon DynamoDB, which an embedded database answers.
    DynamoDb,
}

/// One operation that the simulator itself answers.
#[derive(Debug)]
pub struct Operation {
    /// Whose it is.
    pub service: Service,
    /// Its name as AWS spells it.
    pub name: &'static str,
    /// Method and path in the REST protocol; `None` where a header or a form names the operation.
    pub route: Option<(&'static str, &'static str)>,
    /// Its parameters by wire name.
    pub input: &'static [(&'static str, Kind)],
    /// How it pages, if it does.
    pub pages: Option<Pages>,
}

/// The members that paging uses.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// The token's name, in the request and in the answer.
    pub token: &'static str,
    /// The page size's name; empty if the operation has none.
    pub size: &'static str,
    /// The members of the answer that are cut into pages.
    pub lists: &'static [&'static str],
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Seconds since the epoch.
    Instant,
    /// A list of strings.
    Texts,
    /// A list of structures.
    Structures,
    /// A map of strings.
    Map,
}

impl Kind {
    /// Whether `value` is of this type.
    pub fn holds(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Instant => value.is_number(),
            Self::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::Structures => value.as_array().is_some_and(|list| list.iter().all(Value::is_object)),
            Self::Map => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
        }
    }

    /// The type's name in an error message.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "STRING_VALUE",
            Self::Integer => "INTEGER_VALUE",
            Self::Boolean => "BOOLEAN_VALUE",
            Self::Instant => "TIMESTAMP_VALUE",
            Self::Texts | Self::Structures => "LIST_VALUE",
            Self::Map => "MAP_VALUE",
        }
    }
}

impl Service {
    /// The name in signatures, endpoints and ARNs.
    pub fn name(self) -> &'static str {
        match self {
            Self::XRay => "xray",
            Self::CloudTrail => "cloudtrail",
            Self::AuditManager => "auditmanager",
            Self::Sts => "sts",
            Self::DynamoDb => "dynamodb",
        }
    }

    /// The service with this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::XRay, Self::CloudTrail, Self::AuditManager, Self::Sts, Self::DynamoDb];
        all.into_iter().find(|service| service.name() == name)
    }

    /// What the service answers to `call` in `place`. STS and DynamoDB are answered elsewhere.
    pub fn answer(self, place: &Place, call: &Call) -> Answer {
        match self {
            Self::XRay => xray::answer(&place.xray, call),
            Self::CloudTrail => cloudtrail::answer(&place.cloudtrail, call),
            Self::AuditManager => auditmanager::answer(&place.auditmanager, call),
            Self::Sts | Self::DynamoDb => Ok(Value::Null),
        }
    }
}

/// The operation of `service` that is called `name`.
pub fn find(service: Service, name: &str) -> Option<&'static Operation> {
    all().find(|operation| operation.service == service && operation.name == name)
}

/// The operation at `path` and the label in the path, if it has one.
pub fn find_route(method: &str, path: &str) -> Option<(&'static Operation, Option<(&'static str, String)>)> {
    all().find_map(|operation| {
        let (its_method, template) = operation.route?;
        if its_method != method {
            return None;
        }
        let Some((prefix, label)) = template.strip_suffix('}').and_then(|rest| rest.split_once('{')) else {
            return (template == path).then_some((operation, None));
        };
        let value = path.strip_prefix(prefix).filter(|value| !value.is_empty() && !value.contains('/'))?;
        Some((operation, Some((label, value.to_owned()))))
    })
}

/// Every operation that the simulator itself answers.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    [table::XRAY, table::CLOUDTRAIL, table::AUDITMANAGER, table::STS].into_iter().flatten()
}

/// The operations of DynamoDB that a fault may name.
pub const DYNAMODB: &[&str] = &[
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeTable",
    "DescribeTimeToLive",
    "ExecuteStatement",
    "GetItem",
    "ListTables",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
];
