//! Reads the `[securityhub]` part of a scenario file.

use super::{Data, Insight, ResultValue, UnknownArns};
use crate::constraint::is_uuid;
use crate::scenario::Context;
use crate::scenario::curve::curve;
use crate::scenario::members::{choice, distinct, each, fault, omit, whole};
use crate::scenario::place::Part;
use insights_shared::fields::Fields;
use serde_json::{Map, Value};

/// The maximum number of findings of a value.
const MOST: i64 = i32::MAX as i64;
/// The maximum number of values that differ only in a number.
const MOST_NUMBERS: i64 = 1_000;
const MEMBERS: &[&str] = &["InsightArn", "Name", "Filters", "GroupByAttribute"];

impl Part for Data {
    fn parse(mut fields: Fields<'_>, context: &Context) -> Self {
        let subscribed = fields.boolean("subscribed").unwrap_or(true);
        let subscribed_from = context.instant(&mut fields, "subscribed_from");
        let page_size = whole(&mut fields, "page_size", 1..=100);
        let unknown_arns = choice(&mut fields, "unknown_arns", &["omitted", "not_found"]);
        let insights = each(&mut fields, "insights", |fields| insight(fields, context));
        let keys = insights.iter().map(|insight| {
            let kind = if insight.managed { "managed" } else { "custom" };
            format!("{kind} {}", insight.id)
        });
        distinct(&mut fields, "insights", keys, "is the id, or is made of the name, of another insight");
        fields.finish();
        Self {
            subscribed,
            subscribed_from,
            insights,
            page_size: page_size.and_then(|size| usize::try_from(size).ok()),
            unknown_arns: match unknown_arns.as_deref() {
                Some("not_found") => UnknownArns::NotFound,
                _ => UnknownArns::Omitted,
            },
        }
    }
}

fn insight(fields: &mut Fields<'_>, context: &Context) -> Insight {
    let name = fields.required_string("name").unwrap_or_default();
    let managed = managed(fields);
    if managed.is_some() && fields.has("id") {
        fault(fields, "id", "", "must not be given with managed");
    }
    let id = fields.string("id");
    if let Some(id) = id.as_ref().filter(|id| !is_uuid(id)) {
        fault(fields, "id", id, "must be a UUID");
    }
    let created = context.instant(fields, "created");
    let deleted = context.instant(fields, "deleted");
    if let (Some(created), Some(deleted)) = (created, deleted)
        && deleted < created
    {
        fault(fields, "deleted", deleted, "must not be before created");
    }
    let values = each(fields, "values", |fields| value(fields, context));
    distinct(
        fields,
        "values",
        values.iter().map(|value| value.value.clone()),
        "is the value of an earlier element",
    );
    Insight {
        managed: managed.is_some(),
        id: managed.or(id).unwrap_or_else(|| context.uuid(&format!("securityhub insight {name}"))),
        filters: filters(fields),
        group_by: fields.required_string("group_by").unwrap_or_default(),
        created,
        deleted,
        unresolved: fields.boolean("unresolved").unwrap_or_default(),
        values,
        omit: omit(fields, "omit", MEMBERS),
        name,
    }
}

/// The last part of the ARN of a managed insight.
fn managed(fields: &mut Fields<'_>) -> Option<String> {
    whole(fields, "managed", 1..=1_000).map(|number| number.to_string())
}

/// The filters in the form of the model: names of attributes, each with a list of structures.
fn filters(fields: &mut Fields<'_>) -> Map<String, Value> {
    match fields.value("filters") {
        None => Map::new(),
        Some(Value::Object(filters)) => {
            let is_list =
                |list: &Value| list.as_array().is_some_and(|list| list.iter().all(Value::is_object));
            for (name, list) in filters.iter().filter(|(_, list)| !is_list(list)) {
                let rule =
                    "must be a list of tables, such as [{ Value = \"HIGH\", Comparison = \"EQUALS\" }]";
                fault(fields, &format!("filters.{name}"), list, rule);
            }
            filters
        }
        Some(other) => {
            fault(fields, "filters", other, "must be a table");
            Map::new()
        }
    }
}

fn value(fields: &mut Fields<'_>, context: &Context) -> ResultValue {
    if !fields.has("value") {
        fields.missing("value");
    }
    if !fields.has("count") {
        fields.missing("count");
    }
    let value = fields.string("value").unwrap_or_default();
    if fields.has("number") != value.contains("{n}") {
        fault(fields, "value", &value, "must contain {n} if, and only if, there is a number");
    }
    ResultValue {
        value,
        count: curve(fields, "count", context, MOST).unwrap_or_default(),
        number: curve(fields, "number", context, MOST_NUMBERS),
    }
}
