//! Converts Security Hub's answers to details: every member that was returned, with its name in snake_case. No I/O.

use crate::filters;
use aws_sdk_securityhub::types::{Insight, InsightResultValue};
use insights_shared::value::{Map, MapBuilder, Value};

/// The members of an insight.
pub fn insight(insight: &Insight) -> Map {
    MapBuilder::new()
        .with("filters", insight.filters.as_ref().map(filters::filters))
        .with("group_by_attribute", insight.group_by_attribute.as_deref())
        .with("insight_arn", insight.insight_arn.as_deref())
        .with("name", insight.name.as_deref())
        .build()
}

/// The members of an insight's results, with `values` instead of the values of the answer.
pub fn results(
    insight_arn: Option<&str>,
    group_by_attribute: Option<&str>,
    values: &[&InsightResultValue],
) -> Map {
    let value = |value: &&InsightResultValue| {
        let map = MapBuilder::new()
            .with("count", value.count)
            .with("group_by_attribute_value", value.group_by_attribute_value.as_deref());
        Value::Map(map.build())
    };
    let values: Vec<Value> = values.iter().map(value).collect();
    MapBuilder::new()
        .with("group_by_attribute", group_by_attribute)
        .with("insight_arn", insight_arn)
        .with("result_values", Some(Value::List(values)))
        .build()
}
