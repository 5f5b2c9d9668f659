//! The conditions of writes, as DynamoDB expressions.

use super::write::Guard;
use crate::record::SCHEMA_VERSION;
use crate::time::Timestamp;
use crate::validate::ValidRecord;
use crate::version::Expression;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// A condition expression with its names and values.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) expression: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// No item is stored, or the stored item was not written by a newer version of this program.
    pub(super) fn no_newer_schema() -> Self {
        let expression = "attribute_not_exists(pk) OR schema_version <= :schema".to_owned();
        let mut condition = Self { expression, names: HashMap::new(), values: HashMap::new() };
        condition.value(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        condition
    }

    /// No item is stored, or the stored item has expired.
    pub(super) fn absent(now: Timestamp) -> Self {
        let expression = "attribute_not_exists(pk) OR (schema_version <= :schema AND expires_at <= :now)";
        let expression = expression.to_owned();
        let mut condition = Self { expression, names: HashMap::new(), values: HashMap::new() };
        condition.value(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        condition.value(":now", AttributeValue::N(now.seconds().to_string()));
        condition
    }

    /// The stored item is absent, expired, or as `guard` requires.
    pub(super) fn of(record: &ValidRecord, guard: Guard<'_>, now: Timestamp) -> Self {
        let mut condition = Self { expression: String::new(), names: HashMap::new(), values: HashMap::new() };
        condition.value(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        let rule = match guard {
            Guard::Older => condition.older(record),
            Guard::Is(Some(hash)) => {
                condition.value(":hash", AttributeValue::S(hash.to_owned()));
                "content_hash = :hash".to_owned()
            }
            Guard::Is(None) => String::new(),
        };
        if record.is_expired(now) {
            condition.expression = format!("schema_version <= :schema AND {rule}");
            return condition;
        }
        condition.value(":now", AttributeValue::N(now.seconds().to_string()));
        let expired = "expires_at <= :now";
        let rule = if rule.is_empty() { expired.to_owned() } else { format!("{expired} OR {rule}") };
        condition.expression =
            format!("attribute_not_exists(pk) OR (schema_version <= :schema AND ({rule}))");
        condition
    }

    fn value(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(name.to_owned(), value);
    }

    /// The stored item is older, by the version rule of the record's kind.
    fn older(&mut self, record: &ValidRecord) -> String {
        let Expression { text, names, values } = record.kind().version.expression(record);
        self.names.extend(names.into_iter().map(|(name, attribute)| (name, attribute.to_owned())));
        for (name, value) in values {
            self.value(name, AttributeValue::S(value));
        }
        text
    }
}
