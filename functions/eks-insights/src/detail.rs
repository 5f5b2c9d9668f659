//! Converts EKS's answers to details: every member that was returned, with its name in snake_case. No I/O.
//!
//! EKS does not define an order of resources, deprecated APIs, clients and add-ons. They are sorted, so that the same answer in
//! another order has the same hash.
//!
//! Shapes: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Insight.html> and related pages.

use aws_sdk_eks::types::{
    AddonCompatibilityDetail, Category, ClientStat, DeprecationDetail, Insight,
    InsightCategorySpecificSummary, InsightResourceDetail, InsightStatus, InsightStatusValue, InsightSummary,
};
use insights_shared::sdk::time_value;
use insights_shared::value::{Map, MapBuilder, Value};
use std::collections::HashMap;

/// The members of a check's summary.
pub fn summary(summary: &InsightSummary) -> Map {
    MapBuilder::new()
        .with("category", summary.category.as_ref().map(Category::as_str))
        .with("description", summary.description.as_deref())
        .with("id", summary.id.as_deref())
        .with("insight_status", summary.insight_status.as_ref().map(status))
        .with("kubernetes_version", summary.kubernetes_version.as_deref())
        .with("last_refresh_time", summary.last_refresh_time.as_ref().map(time_value))
        .with("last_transition_time", summary.last_transition_time.as_ref().map(time_value))
        .with("name", summary.name.as_deref())
        .build()
}

/// The members of a check.
pub fn insight(insight: &Insight) -> Map {
    MapBuilder::new()
        .with("additional_info", insight.additional_info.as_ref().map(links))
        .with("category", insight.category.as_ref().map(Category::as_str))
        .with(
            "category_specific_summary",
            insight.category_specific_summary.as_ref().map(category_specific_summary),
        )
        .with("description", insight.description.as_deref())
        .with("id", insight.id.as_deref())
        .with("insight_status", insight.insight_status.as_ref().map(status))
        .with("kubernetes_version", insight.kubernetes_version.as_deref())
        .with("last_refresh_time", insight.last_refresh_time.as_ref().map(time_value))
        .with("last_transition_time", insight.last_transition_time.as_ref().map(time_value))
        .with("name", insight.name.as_deref())
        .with("recommendation", insight.recommendation.as_deref())
        .with("resources", insight.resources.as_deref().map(|resources| sorted(resources, resource)))
        .build()
}

/// The keys are titles of links, not names of members, so they are not converted.
fn links(links: &HashMap<String, String>) -> Map {
    links.iter().map(|(title, address)| (title.into(), address.as_str().into())).collect()
}

fn status(status: &InsightStatus) -> Map {
    MapBuilder::new()
        .with("reason", status.reason.as_deref())
        .with("status", status.status.as_ref().map(InsightStatusValue::as_str))
        .build()
}

fn resource(resource: &InsightResourceDetail) -> Map {
    MapBuilder::new()
        .with("arn", resource.arn.as_deref())
        .with("insight_status", resource.insight_status.as_ref().map(status))
        .with("kubernetes_resource_uri", resource.kubernetes_resource_uri.as_deref())
        .build()
}

fn category_specific_summary(summary: &InsightCategorySpecificSummary) -> Map {
    let addons = summary.addon_compatibility_details.as_deref();
    let deprecations = summary.deprecation_details.as_deref();
    MapBuilder::new()
        .with("addon_compatibility_details", addons.map(|addons| sorted(addons, addon)))
        .with("deprecation_details", deprecations.map(|deprecations| sorted(deprecations, deprecation)))
        .build()
}

fn addon(addon: &AddonCompatibilityDetail) -> Map {
    MapBuilder::new()
        .with("compatible_versions", addon.compatible_versions.as_deref())
        .with("name", addon.name.as_deref())
        .build()
}

fn deprecation(deprecation: &DeprecationDetail) -> Map {
    MapBuilder::new()
        .with("client_stats", deprecation.client_stats.as_deref().map(|clients| sorted(clients, client)))
        .with("replaced_with", deprecation.replaced_with.as_deref())
        .with("start_serving_replacement_version", deprecation.start_serving_replacement_version.as_deref())
        .with("stop_serving_version", deprecation.stop_serving_version.as_deref())
        .with("usage", deprecation.usage.as_deref())
        .build()
}

fn client(client: &ClientStat) -> Map {
    MapBuilder::new()
        .with("last_request_time", client.last_request_time.as_ref().map(time_value))
        .with("number_of_requests_last30_days", Some(client.number_of_requests_last30_days))
        .with("user_agent", client.user_agent.as_deref())
        .build()
}

/// The elements as objects, sorted by their canonical JSON.
fn sorted<T>(elements: &[T], map: impl Fn(&T) -> Map) -> Value {
    let mut elements: Vec<Value> = elements.iter().map(|element| Value::Map(map(element))).collect();
    elements.sort_by_cached_key(|element| {
        let mut text = String::new();
        element.write_canonical(&mut text);
        text
    });
    Value::List(elements)
}
