//! An operation as in its service's model: its route, the types of its parameters, and its paging. The folder of its service
//! contains its answers.

use crate::route::Route;
use serde_json::Value;

/// An operation of a simulated service.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The name in the service's model, such as `GetInsight`.
    pub name: &'static str,
    /// Method and path in the REST protocols; `None` where a header or a form names the operation.
    pub(crate) route: Option<Route>,
    /// The wire names of the parameters of each type. Others are ignored.
    pub(crate) input: &'static [(ParameterType, &'static [&'static str])],
    /// How it pages, if it does.
    pub(crate) paging: Option<Paging>,
    /// The documented limit in calls per second, if there is one.
    pub(crate) rate: Option<f64>,
    /// Whether it can leave a part of its input unprocessed.
    pub(crate) is_batch: bool,
}

/// The members that paging uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    /// The member with the token in the request. Answers that this crate creates use the same name.
    pub(crate) token: &'static str,
    /// The page size; empty if the operation has none.
    pub(crate) size: &'static str,
    /// The lists of the answer that are split into pages.
    pub(crate) lists: &'static [&'static str],
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterType {
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Seconds since the epoch.
    Timestamp,
    /// A list of strings.
    StringList,
    /// A list of structures.
    StructureList,
    /// A structure.
    Structure,
    /// A map of strings.
    StringMap,
}

impl Operation {
    /// An operation whose name is in a header or a form.
    pub(crate) const fn rpc(name: &'static str) -> Self {
        Self { name, route: None, input: &[], paging: None, rate: None, is_batch: false }
    }

    /// An operation with a method and a path, in the notation of [`Route`].
    pub(crate) const fn rest(name: &'static str, method: &'static str, path: &'static str) -> Self {
        Self { route: Some(Route { method, path }), ..Self::rpc(name) }
    }

    /// The same operation with parameters.
    pub(crate) const fn input(self, input: &'static [(ParameterType, &'static [&'static str])]) -> Self {
        Self { input, ..self }
    }

    /// The same operation with paging; `size` is empty if the operation has no page size.
    pub(crate) const fn paged(
        self,
        token: &'static str,
        size: &'static str,
        lists: &'static [&'static str],
    ) -> Self {
        Self { paging: Some(Paging { token, size, lists }), ..self }
    }

    /// The same operation with a documented limit in calls per second.
    pub(crate) const fn rate(self, rate: f64) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// The same operation, marked as a batch.
    pub(crate) const fn batch(self) -> Self {
        Self { is_batch: true, ..self }
    }

    /// The type of the parameter `name`.
    pub(crate) fn parameter(&self, name: &str) -> Option<ParameterType> {
        self.input.iter().find(|(_, names)| names.contains(&name)).map(|(its_type, _)| *its_type)
    }
}

impl ParameterType {
    /// Whether `value` is of this type.
    pub(crate) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Timestamp => value.is_number(),
            Self::StringList => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::StructureList => value.as_array().is_some_and(|list| list.iter().all(Value::is_object)),
            Self::Structure => value.is_object(),
            Self::StringMap => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
        }
    }

    /// Converts `value`, a text, to this type; unchanged if that is not possible.
    pub(crate) fn read(self, value: Value) -> Value {
        match (self, value.as_str()) {
            (Self::Integer, Some(text)) => text.parse::<i64>().map_or(value, Value::from),
            (Self::StringList, Some(_)) => Value::Array(vec![value]),
            (Self::Boolean, Some(text)) => text.parse::<bool>().map_or(value, Value::from),
            _ => value,
        }
    }

    /// The type's name in an error message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "STRING_VALUE",
            Self::Integer => "INTEGER_VALUE",
            Self::Boolean => "BOOLEAN_VALUE",
            Self::Timestamp => "TIMESTAMP_VALUE",
            Self::StringList | Self::StructureList => "LIST_VALUE",
            Self::Structure => "STRUCTURE_VALUE",
            Self::StringMap => "MAP_VALUE",
        }
    }
}
