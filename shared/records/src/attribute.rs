//! Converts values to and from DynamoDB attributes without loss.

use crate::number::Number;
use crate::value::{Map, Value};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

impl Value {
    /// Converts the value to a DynamoDB attribute.
    pub fn into_attribute(self) -> AttributeValue {
        match self {
            Self::Null => AttributeValue::Null(true),
            Self::Bool(value) => AttributeValue::Bool(value),
            Self::Number(number) => AttributeValue::N(number.into_string()),
            Self::String(text) => AttributeValue::S(text.into()),
            Self::List(list) => AttributeValue::L(list.into_iter().map(Self::into_attribute).collect()),
            Self::Map(map) => AttributeValue::M(into_attributes(map)),
        }
    }

    /// Clones the value into a DynamoDB attribute.
    pub fn to_attribute(&self) -> AttributeValue {
        match self {
            Self::Null => AttributeValue::Null(true),
            Self::Bool(value) => AttributeValue::Bool(*value),
            Self::Number(number) => AttributeValue::N(number.as_str().to_owned()),
            Self::String(text) => AttributeValue::S(text.as_str().to_owned()),
            Self::List(list) => AttributeValue::L(list.iter().map(Self::to_attribute).collect()),
            Self::Map(map) => AttributeValue::M(to_attributes(map)),
        }
    }

    /// Reads an attribute. The error names an attribute type that records do not use (binary values and sets).
    pub fn from_attribute(attribute: AttributeValue) -> Result<Self, String> {
        Ok(match attribute {
            AttributeValue::Null(_) => Self::Null,
            AttributeValue::Bool(value) => Self::Bool(value),
            AttributeValue::N(text) => {
                Self::Number(Number::parse(&text).ok_or_else(|| format!("not a number: {text}"))?)
            }
            AttributeValue::S(text) => Self::String(text.into()),
            AttributeValue::L(list) => {
                Self::List(list.into_iter().map(Self::from_attribute).collect::<Result<_, _>>()?)
            }
            AttributeValue::M(map) => Self::Map(from_attributes(map)?),
            _ => return Err("an attribute of a type that no record has (binary or set)".to_owned()),
        })
    }
}

/// Converts an object to a DynamoDB item or map attribute.
pub fn into_attributes(map: Map) -> HashMap<String, AttributeValue> {
    map.into_iter().map(|(name, value)| (name.into(), value.into_attribute())).collect()
}

/// Clones an object into a DynamoDB item or map attribute.
pub fn to_attributes(map: &Map) -> HashMap<String, AttributeValue> {
    map.iter().map(|(name, value)| (name.as_str().to_owned(), value.to_attribute())).collect()
}

/// Reads the object of a DynamoDB item or map attribute.
#[expect(clippy::implicit_hasher, reason = "the SDK's own map")]
pub fn from_attributes(attributes: HashMap<String, AttributeValue>) -> Result<Map, String> {
    let read = |(name, attribute): (String, _)| Ok((name.into(), Value::from_attribute(attribute)?));
    attributes.into_iter().map(read).collect()
}
